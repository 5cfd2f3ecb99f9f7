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
 * Akismet's own host is fixed in its code, and all its requests (those for Contact Form 7, Jetpack, WooCommerce and others, too) go
 * through WordPress's HTTP functions, where this steps in. Akismet from 5.5 on publishes a comment when its check fails,
 * as it takes no answer without an id (X-akismet-guid) for its own. So a check that fails is answered here with an id
 * and an error (X-akismet-error): Akismet then holds the comment, and asks again by cron.
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
	$path     = (string) strstr( (string) substr( $url, strpos( $url, '://' ) + 3 ), '/' );
	$response = wp_remote_request( untrailingslashit( MODERATOR_AKISMET_URL ) . $path, $args );
	return preg_match( '#^/1\.1/comment-check\b#', $path ) ? held_unless_answered( $response ) : $response;
}

/**
 * The answer to a check, or one that makes Akismet hold the comment.
 *
 * @param array|\WP_Error $response What the server answered.
 * @return array<string, mixed>
 */
function held_unless_answered( $response ): array {
	$body = wp_remote_retrieve_body( $response );
	if ( 200 === wp_remote_retrieve_response_code( $response ) && wp_remote_retrieve_header( $response, 'x-akismet-guid' ) && in_array( $body, array( 'true', 'false' ), true ) ) {
		return $response;
	}
	$error = is_wp_error( $response ) ? $response->get_error_message() : wp_remote_retrieve_response_message( $response );
	return array(
		'headers'  => array(
			'x-akismet-guid'  => wp_generate_uuid4(),
			'x-akismet-error' => 'the moderator server did not answer: ' . $error,
		),
		'body'     => 'invalid' === $body ? $body : 'unreachable',
		'response' => array(
			'code'    => 200,
			'message' => 'OK',
		),
		'cookies'  => array(),
		'filename' => null,
	);
}
