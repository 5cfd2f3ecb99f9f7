#!/usr/bin/perl
# SpamAssassin as a process that is asked through a pipe: one JSON order a line on stdin, one answer a line on stdout.
# {"fresh": true}                         forget everything that was learned
# {"learn": message, "spam": true|false}  as sa-learn does
# {"check": message}                      → {"score": points, "bayes": probability or null}
# Stock rules and settings of the distribution, without network checks; what it learned lies in the folder given.
use strict;
use warnings;
use JSON::PP;
use Mail::SpamAssassin;

my $folder = shift @ARGV or die "usage: spamassassin_worker.pl FOLDER\n";
my $json = JSON::PP->new->utf8;
my $filter;
my $learning = 0;    # many lessons on end share one opening of the word list

open(my $answers, '>&', \*STDOUT) or die "stdout: $!";
open(STDOUT, '>&', \*STDERR) or die "stderr: $!";
$answers->autoflush(1);

while (my $line = <STDIN>) {
    my $order = $json->decode($line);
    my $told = eval { answer($order) } || {error => "$@"};
    print {$answers} $json->encode($told), "\n";
}
learning_ends();
$filter->finish if $filter;

sub answer {
    my ($order) = @_;
    return fresh() if $order->{fresh};
    my $text = exists $order->{learn} ? $order->{learn} : $order->{check};
    utf8::encode($text);
    my $mail = $filter->parse($text, 1);
    my $told = exists $order->{learn} ? learned($mail, $order->{spam}) : checked($mail);
    $mail->finish;
    return $told;
}

sub fresh {
    learning_ends();
    $filter->finish if $filter;
    unlink glob("$folder/bayes*");
    $filter = Mail::SpamAssassin->new({
        local_tests_only => 1,
        dont_copy_prefs => 1,
        userstate_dir => $folder,
        userprefs_filename => "$folder/user_prefs",
        # It is asked from its first lesson on, not from the two hundredth of each label.
        post_config_text => "bayes_path $folder/bayes\nbayes_auto_learn 0\nbayes_min_spam_num 1\nbayes_min_ham_num 1\n",
    });
    $filter->init(1);
    return {version => Mail::SpamAssassin::Version()};
}

sub learned {
    my ($mail, $spam) = @_;
    $filter->init_learner({wait_for_lock => 1, caller_will_untie => 1}) unless $learning;
    $learning = 1;
    $filter->learn($mail, undef, $spam ? 1 : 0, 0)->finish;
    return {};
}

sub learning_ends {
    $filter->finish_learner if $learning;
    $learning = 0;
}

sub checked {
    my ($mail) = @_;
    learning_ends();
    my $status = $filter->check($mail);
    my $told = {score => $status->get_score + 0, bayes => $status->{bayes_score}};
    $status->finish;
    return $told;
}
