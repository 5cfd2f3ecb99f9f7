<?php
/**
 * The server, by its native webhook (docs/protocols.md of the server says what it speaks).
 *
 * @package Moderator
 */

namespace Moderator;

defined( 'ABSPATH' ) || exit;

// Someone is waiting for the page: the server answers in milliseconds, and what is late is held and asked for again.
const SECONDS_TO_ANSWER = 2;
// A server that did not answer is not asked again for so long while people wait; cron still asks.
const SECONDS_OF_REST = 30;
const RESTS           = 'moderator_rests';

// What kind of WP_Error a request ended with.
const IS_DOWN    = 'moderator_is_down';    // no answer, or none that we can use: the same request later may succeed.
const IS_REFUSED = 'moderator_is_refused'; // this request will never be taken.
const IS_UNKNOWN = 'moderator_is_unknown'; // the server has no comment with this id.

/**
 * Ask for a decision while a visitor waits, unless the server failed a moment ago.
 *
 * @param array<string, mixed> $comment What wire.php made.
 * @return array<string, mixed>|\WP_Error The answer, or why there is none.
 */
function ask_now( array $comment ) {
	if ( get_transient( RESTS ) ) {
		return new \WP_Error( IS_DOWN, __( 'The moderator server did not answer a moment ago.', 'moderator' ) );
	}
	return ask( $comment );
}

/**
 * Ask for a decision. Sending the same comment again is safe: it gets the same answer.
 *
 * @param array<string, mixed> $comment What wire.php made.
 * @return array<string, mixed>|\WP_Error The answer, or why there is none.
 */
function ask( array $comment ) {
	$answer = request( 'POST', '/v1/comments', $comment );
	if ( ! is_wp_error( $answer ) && ( ! is_string( $answer['id'] ?? null ) || ! is_string( $answer['decision'] ?? null ) ) ) {
		return new \WP_Error( IS_DOWN, __( 'What answers there is not a moderator server.', 'moderator' ) );
	}
	return $answer;
}

/**
 * Tell what a person here decided.
 *
 * @param string $id      The server's id of the comment.
 * @param string $verdict "ham", "spam", "unwanted" or "open".
 * @param string $by      The person's login.
 * @return array<string, mixed>|\WP_Error
 */
function tell_verdict( string $id, string $verdict, string $by ) {
	return request(
		'POST',
		'/v1/comments/' . rawurlencode( $id ) . '/verdict',
		array(
			'verdict' => $verdict,
			'by'      => $by,
		)
	);
}

/**
 * Tell that a comment is no more.
 *
 * @param string $ref Our own id of the comment, which the server knows also where its answer never came.
 * @return array<string, mixed>|\WP_Error
 */
function tell_deletion( string $ref ) {
	return request( 'DELETE', '/v1/comments?external_id=' . rawurlencode( $ref ) );
}

/**
 * One request with the site's key.
 *
 * @param string                    $method The HTTP method.
 * @param string                    $path   From the root of the server.
 * @param array<string, mixed>|null $body   What is sent as JSON.
 * @return array<string, mixed>|\WP_Error What was answered, decoded; or an error of one of the three kinds, whose text
 *                                        may be shown to moderators.
 */
function request( string $method, string $path, ?array $body = null ) {
	$response = wp_remote_request(
		untrailingslashit( setting( 'url' ) ) . $path,
		array(
			'method'      => $method,
			'timeout'     => SECONDS_TO_ANSWER,
			'redirection' => 0, // a key goes to the configured host alone.
			'user-agent'  => 'moderator-wordpress/' . VERSION,
			'headers'     => array(
				'Authorization' => 'Bearer ' . setting( 'key' ),
				'Content-Type'  => 'application/json',
				'Accept'        => 'application/json',
			),
			'body'        => null === $body ? null : wp_json_encode( $body ),
		)
	);
	$answer   = read_answer( $response );
	if ( is_wp_error( $answer ) && IS_DOWN === $answer->get_error_code() ) {
		set_transient( RESTS, 1, SECONDS_OF_REST );
	} elseif ( get_transient( RESTS ) ) {
		delete_transient( RESTS );
	}
	return $answer;
}

/**
 * What a response says.
 *
 * @param array<string, mixed>|\WP_Error $response What WordPress's HTTP gave.
 * @return array<string, mixed>|\WP_Error
 */
function read_answer( $response ) {
	if ( is_wp_error( $response ) ) {
		/* translators: %s: the reason, from the HTTP library */
		return new \WP_Error( IS_DOWN, sprintf( __( 'The moderator server cannot be reached: %s', 'moderator' ), $response->get_error_message() ) );
	}
	$status = (int) wp_remote_retrieve_response_code( $response );
	$said   = json_decode( wp_remote_retrieve_body( $response ), true );
	$said   = is_array( $said ) ? $said : array();
	if ( 204 === $status || ( $status >= 200 && $status < 300 && $said ) ) {
		return $said;
	}
	if ( 404 === $status && str_ends_with( (string) ( $said['type'] ?? '' ), '/unknown-comment' ) ) {
		return new \WP_Error( IS_UNKNOWN, __( 'The moderator server does not know this comment.', 'moderator' ) );
	}
	$detail = is_string( $said['detail'] ?? null ) ? $said['detail'] : wp_remote_retrieve_response_message( $response );
	/* translators: 1: HTTP status, 2: what the server said */
	$text = sprintf( __( 'The moderator server answered %1$d: %2$s', 'moderator' ), $status, $detail );
	// A wrong key, address or redirect is the owner's to set right, and then the same request succeeds.
	return new \WP_Error( in_array( $status, array( 400, 405, 409, 413, 415, 422 ), true ) ? IS_REFUSED : IS_DOWN, $text );
}
