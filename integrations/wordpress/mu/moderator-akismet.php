<?php
/**
 * Plugin Name: Moderator for Akismet
 * Description: Sends what the Akismet plugin asks to a moderator server of your own, and holds comments while it cannot be reached.
 * Version:     0.1.0
 * Author:      the moderator project
 * License:     GPL-2.0-or-later
 * License URI: https://www.gnu.org/licenses/gpl-2.0.html
 *
 * Put this file into wp-content/mu-plugins/ and two lines into wp-config.php:
 *
 *     define( 'MODERATOR_AKISMET_URL', 'https://moderator.example.org' );
 *     define( 'WPCOM_API_KEY', '0123456789ab' ); // the site's Akismet key, 12 hexadecimal characters
 *
 * Akismet's own host is fixed in its code, and all its requests (those for Contact Form 7, Jetpack, WooCommerce and
 * others, too) go through WordPress's HTTP functions, where this steps in. What it sets right beside that:
 *
 * - From 5.5 on Akismet publishes a comment whose check failed, as it takes no answer without an id (X-akismet-guid) for
 *   its own. A check that fails is answered here with an id and an error (X-akismet-error): the comment is held, and
 *   Akismet asks again by cron.
 * - When it asks again, it knows only true and false, and would publish what the server wants held.
 * - A comment that comes by the REST API is held only if this says so itself.
 * - That a moderator approves what was held, Akismet does not tell: it knows of no hold.
 *
 * @package Moderator
 */

namespace Moderator\Akismet;

defined( 'ABSPATH' ) || exit;

const THEIR_HOST = '/^(?:([a-z0-9]+)\.)?rest\.akismet\.com$/i';
// Akismet would wait for 15 seconds while a visitor waits for the page.
const MOST_SECONDS = 3;

if ( defined( 'MODERATOR_AKISMET_URL' ) ) {
	add_filter( 'pre_http_request', __NAMESPACE__ . '\\redirect', 10, 3 );
	add_filter( 'rest_pre_insert_comment', __NAMESPACE__ . '\\hold_by_rest', 99 );
	add_filter( 'pre_option_comment_moderation', __NAMESPACE__ . '\\hold_again' );
	add_action( 'deleted_comment_meta', __NAMESPACE__ . '\\end_of_recheck', 10, 3 );
	add_action( 'transition_comment_status', __NAMESPACE__ . '\\tell_approval', 10, 3 );
}

/**
 * A request to Akismet becomes one to the moderator server.
 *
 * @param false|array|\WP_Error $response What another filter answered, or false.
 * @param array<string, mixed>  $args     The request.
 * @param string                $url      Where it goes.
 * @return false|array|\WP_Error The response; false for every other request.
 */
function redirect( $response, $args, $url ) {
	$headers = is_array( $args['headers'] ?? null ) ? array_change_key_case( $args['headers'] ) : array();
	$host    = $headers['host'] ?? (string) wp_parse_url( $url, PHP_URL_HOST ); // Akismet tests single servers by IP.
	if ( false !== $response || ! preg_match( THEIR_HOST, $host, $found ) ) {
		return $response;
	}
	unset( $headers['host'] );
	$args['headers'] = $headers;
	$args['timeout'] = min( MOST_SECONDS, (float) ( $args['timeout'] ?? MOST_SECONDS ) );
	if ( isset( $found[1] ) && is_string( $args['body'] ?? null ) ) {
		$args['body'] .= '&api_key=' . rawurlencode( $found[1] ); // up to 5.0.1 the key was a part of the host.
	}
	$path     = (string) strstr( substr( $url, strpos( $url, '://' ) + 3 ), '/' );
	$response = wp_remote_request( untrailingslashit( MODERATOR_AKISMET_URL ) . $path, $args );
	if ( '/1.1/comment-check' !== $path ) {
		return $response;
	}
	parse_str( (string) $args['body'], $asked );
	return checked( $response, empty( $asked['recheck_reason'] ) ? 0 : (int) ( $asked['comment_ID'] ?? 0 ) );
}

/**
 * The answer to a check, so that Akismet does what it says.
 *
 * @param array|\WP_Error $response What the server answered.
 * @param int             $again    The comment that is checked again; 0 for a new one, which has no id yet.
 * @return array|\WP_Error
 */
function checked( $response, int $again ) {
	$guid     = (string) wp_remote_retrieve_header( $response, 'x-akismet-guid' );
	$answered = 200 === wp_remote_retrieve_response_code( $response ) && '' !== $guid && in_array( wp_remote_retrieve_body( $response ), array( 'true', 'false' ), true );
	$held     = ! $answered || '' !== (string) wp_remote_retrieve_header( $response, 'x-akismet-error' );
	is_held( $again ? 'again' : 'new', $held );
	if ( $answered && $again ) {
		update_comment_meta( $again, 'akismet_guid', $guid ); // by which the server's callbacks find it.
	}
	if ( $answered && $held ) {
		// After "true" Akismet would call a new comment's hold a human's, and take no verdict on it from the server; one
		// that it checks again would be spam. After "false" hold_again() keeps that one from being published.
		$response['body'] = 'false';
	}
	if ( $answered || $again ) {
		return $response; // where a check fails again, Akismet leaves the comment held and asks later.
	}
	return array(
		'headers'  => array(
			'x-akismet-guid'  => wp_generate_uuid4(),
			'x-akismet-error' => 'the moderator server gave no answer',
		),
		'body'     => 'unreachable',
		'response' => array(
			'code'    => 200,
			'message' => 'OK',
		),
		'cookies'  => array(),
		'filename' => null,
	);
}

/**
 * Whether the last check of this request was a hold.
 *
 * @param string    $which "new" or "again".
 * @param bool|null $now   What holds from now on.
 */
function is_held( string $which, ?bool $now = null ): bool {
	static $held    = array();
	$held[ $which ] = $now ?? ( $held[ $which ] ?? false );
	return $held[ $which ];
}

/**
 * Akismet does not hold what comes by the REST API.
 *
 * @param array|\WP_Error $comment The comment's columns.
 * @return array|\WP_Error
 */
function hold_by_rest( $comment ) {
	if ( is_array( $comment ) && is_held( 'new' ) ) {
		$comment['comment_approved'] = '0';
	}
	return $comment;
}

/**
 * After "false" Akismet publishes a comment if the blog's own settings allow it: now each must be approved by hand.
 *
 * @param mixed $value What another filter says of the option, or false.
 * @return mixed
 */
function hold_again( $value ) {
	return is_held( 'again' ) ? '1' : $value;
}

/**
 * Akismet is done with a comment that it checked again.
 *
 * @param int[]  $ids     The metadata that was deleted.
 * @param int    $comment The comment.
 * @param string $key     The metadata's name.
 */
function end_of_recheck( $ids, $comment, $key ): void {
	if ( 'akismet_rechecking' === $key ) {
		is_held( 'again', false );
	}
}

/**
 * A moderator approves a comment that was held: the server is told, as of one that was spam.
 *
 * @param string      $status  "approved", "unapproved", "spam", "trash" or "delete".
 * @param string      $before  The same of before.
 * @param \WP_Comment $comment The comment.
 */
function tell_approval( $status, $before, $comment ): void {
	$id = (int) $comment->comment_ID;
	if ( 'approved' !== $status || 'unapproved' !== $before || ! current_user_can( 'edit_comment', $id ) ) {
		return;
	}
	if ( class_exists( 'Akismet' ) && metadata_exists( 'comment', $id, 'akismet_result' ) && ! metadata_exists( 'comment', $id, 'akismet_rechecking' ) ) {
		\Akismet::submit_nonspam_comment( $id );
	}
}
