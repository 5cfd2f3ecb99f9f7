<?php
/**
 * The settings page, its connection test, and the notice where something is wrong.
 *
 * @package Moderator
 */

namespace Moderator;

defined( 'ABSPATH' ) || exit;

const TEST   = 'moderator_test';   // the action and the nonce of the connection test.
const TESTED = 'moderator_tested'; // its outcome, until it is shown.

add_action( 'admin_menu', __NAMESPACE__ . '\\add_page' );
add_action( 'admin_post_' . TEST, __NAMESPACE__ . '\\test_connection' );
add_action( 'admin_init', __NAMESPACE__ . '\\add_privacy_text' );
add_action( 'admin_notices', __NAMESPACE__ . '\\show_notice' );
add_filter( 'plugin_action_links_moderator/moderator.php', __NAMESPACE__ . '\\add_link' );

/** Settings → Moderator. */
function add_page(): void {
	add_options_page( __( 'Moderator', 'moderator' ), __( 'Moderator', 'moderator' ), 'manage_options', PAGE, __NAMESPACE__ . '\\show_page' );
}

/**
 * A link to the settings in the list of plugins.
 *
 * @param string[] $links The others.
 * @return string[]
 */
function add_link( $links ) {
	$link = sprintf( '<a href="%s">%s</a>', esc_url( page_address() ), esc_html__( 'Settings', 'moderator' ) );
	return array_merge( array( $link ), $links );
}

/** Where the settings are. */
function page_address(): string {
	return admin_url( 'options-general.php?page=' . PAGE );
}

/** The page. */
function show_page(): void {
	if ( ! current_user_can( 'manage_options' ) ) {
		return;
	}
	echo '<div class="wrap"><h1>', esc_html__( 'Moderator', 'moderator' ), '</h1>';
	echo '<p>', esc_html__( 'Each new comment is sent to your moderator server, which approves it, holds it or calls it spam. Without an answer it is held, and asked about again until there is one.', 'moderator' ), '</p>';
	echo '<form action="options.php" method="post">';
	settings_fields( PAGE );
	do_settings_sections( PAGE );
	submit_button();
	echo '</form>';
	show_state();
	echo '</div>';
}

/** The connection test, and how it goes. */
function show_state(): void {
	$tested = get_transient( TESTED . get_current_user_id() );
	delete_transient( TESTED . get_current_user_id() );
	$heard = (int) get_option( HEARD );
	echo '<h2>', esc_html__( 'Connection', 'moderator' ), '</h2>';
	if ( is_array( $tested ) ) {
		printf( '<div class="notice inline notice-%s"><p>%s</p></div>', $tested['works'] ? 'success' : 'error', esc_html( $tested['text'] ) );
	}
	echo '<ul class="ul-disc"><li>';
	/* translators: %s: a number */
	echo esc_html( sprintf( __( 'Comments that wait for the server: %s', 'moderator' ), number_format_i18n( count_waiting() ) ) ), '</li><li>';
	if ( '' === setting( 'secrets' ) ) {
		esc_html_e( 'No callback secret: what moderators decide on the server does not come here.', 'moderator' );
	} elseif ( $heard ) {
		/* translators: %s: a span of time */
		echo esc_html( sprintf( __( 'Last callback: %s ago', 'moderator' ), human_time_diff( $heard ) ) );
	} else {
		esc_html_e( 'No callback has come yet.', 'moderator' );
	}
	echo '</li></ul>';
	printf( '<form action="%s" method="post"><input type="hidden" name="action" value="%s">', esc_url( admin_url( 'admin-post.php' ) ), esc_attr( TEST ) );
	wp_nonce_field( TEST );
	submit_button( __( 'Test the connection', 'moderator' ), 'secondary', 'submit', true, is_set_up() ? array() : array( 'disabled' => true ) );
	echo '</form>';
}

/** Ask the server for a comment that it cannot have: only a server that works and knows the key says so. */
function test_connection(): void {
	if ( ! current_user_can( 'manage_options' ) ) {
		wp_die( esc_html__( 'You may not do this.', 'moderator' ), '', array( 'response' => 403 ) );
	}
	check_admin_referer( TEST );
	$answer = request( 'GET', '/v1/comments/' . wp_generate_uuid4() );
	$works  = is_wp_error( $answer ) && IS_UNKNOWN === $answer->get_error_code();
	$text   = $works ? __( 'The server answers, and knows this blog’s key.', 'moderator' ) : __( 'What answers there is not a moderator server.', 'moderator' );
	if ( ! $works && is_wp_error( $answer ) ) {
		$text = $answer->get_error_message();
	}
	set_transient( TESTED . get_current_user_id(), compact( 'works', 'text' ), MINUTE_IN_SECONDS );
	if ( $works ) {
		settle_within( 0 );
	}
	wp_safe_redirect( page_address() );
	exit;
}

/** What is wrong, where comments are moderated and set up. */
function show_notice(): void {
	$screen = get_current_screen();
	$here   = $screen ? $screen->id : '';
	if ( ! in_array( $here, array( 'plugins', 'edit-comments', 'settings_page_' . PAGE ), true ) || ! current_user_can( 'moderate_comments' ) ) {
		return;
	}
	if ( ! is_set_up() ) {
		$text = __( 'Moderator does not know its server yet: comments are not checked.', 'moderator' );
	} else {
		$state = get_option( STATE );
		if ( ! is_array( $state ) ) {
			return;
		}
		$waiting = count_waiting();
		/* translators: 1: a number, 2: a span of time, 3: the reason */
		$text = _n( '%1$s comment has waited for the moderator server for %2$s. %3$s', '%1$s comments have waited for the moderator server for %2$s. %3$s', $waiting, 'moderator' );
		$text = sprintf( $text, number_format_i18n( $waiting ), human_time_diff( (int) $state['since'] ), $state['problem'] );
	}
	$link = current_user_can( 'manage_options' ) ? sprintf( ' <a href="%s">%s</a>', esc_url( page_address() ), esc_html__( 'Settings', 'moderator' ) ) : '';
	echo '<div class="notice notice-warning"><p>', esc_html( $text ), $link, '</p></div>'; // phpcs:ignore WordPress.Security.EscapeOutput
}

/** What the blog's owner may tell its visitors (Settings → Privacy → Policy guide). */
function add_privacy_text(): void {
	$text = __( 'Comments are checked for spam on a server of our own. It is sent the comment, the name, e-mail address and website that were given with it, the IP address and the browser’s user agent, and it keeps them with the comment. When the comment is deleted here, it is deleted there.', 'moderator' );
	wp_add_privacy_policy_content( 'Moderator', '<p>' . esc_html( $text ) . '</p>' );
}
