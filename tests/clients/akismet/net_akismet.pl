# Debian's libnet-akismet-perl: the key in the host name, port 80.
use strict;
use warnings;
use JSON::PP;
use Net::Akismet;

my ($key, $good, $bare) = @ARGV;
my $client = Net::Akismet->new(KEY => $key, URL => 'https://blog.example/') or die 'the key was refused';

sub about {
    my ($text, $author) = @_;
    return (
        USER_IP => '192.0.2.7', COMMENT_USER_AGENT => 'Firefox', REFERRER => '', COMMENT_CONTENT => $text,
        COMMENT_AUTHOR => $author,
    );
}

my %said = (
    valid => JSON::PP::true,
    spam  => $client->check(about($good, 'viagra-test-123')) eq 'true' ? JSON::PP::true : JSON::PP::false,
    ham   => $client->check(about($good, 'Ann')) eq 'false' ? JSON::PP::true : JSON::PP::false,
    held  => $client->check(about($bare, 'Ben')) eq 'true' ? JSON::PP::true : JSON::PP::false,
);
my $reported = $client->spam(about($good, 'Ann')) && $client->ham(about($bare, 'Ben'));
$said{reported} = $reported ? JSON::PP::true : JSON::PP::false;
$said{wrong_key} = Net::Akismet->new(KEY => '000000000000', URL => 'x') ? 'taken' : 'refused';
print encode_json(\%said);
