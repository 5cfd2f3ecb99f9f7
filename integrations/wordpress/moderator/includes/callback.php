<?php
/**
 * What moderators decide on the server's page, carried out here: POST …/wp-json/moderator/v1/callback, signed.
 *
 * The server sends each verdict until it is taken, so the same one can come twice, and an old one late: each has the
 * comment's version, and only a newer one than the last known is carried out. So a replay moves nothing, either.
 *
 * @package Moderator
 */

namespace Moderator;

defined( 'ABSPATH' ) || exit;

const CALLBACK_ROUTE = 'moderator/v1';
const CALLBACK_PATH  = '/callback';
const HEARD          = 'moderator_heard'; // when the last callback came.

add_action(
	'rest_api_init',
	static function () {
		register_rest_route(
			CALLBACK_ROUTE,
			CALLBACK_PATH,
			array(
				'methods'             => 'POST',
				'callback'            => __NAMESPACE__ . '\\hear',
				'permission_callback' => __NAMESPACE__ . '\\is_from_server',
				'show_in_index'       => false,
			)
		);
	}
);

/**
 * Whether the server signed it.
 *
 * @param \WP_REST_Request $request The request.
 * @return true|\WP_Error
 */
function is_from_server( $request ) {
	$signed = is_signed(
		secrets_in( setting( 'secrets' ) ),
		(string) $request->get_header( 'webhook_id' ),
		(string) $request->get_header( 'webhook_timestamp' ),
		(string) $request->get_header( 'webhook_signature' ),
		$request->get_body(),
		time()
	);
	return $signed ? true : new \WP_Error(
		'moderator_signature',
		__( 'The signature does not fit, or the clocks differ by more than five minutes. Check the callback secret.', 'moderator' ),
		array( 'status' => 401 )
	);
}

/**
 * Take a verdict.
 *
 * @param \WP_REST_Request $request The request, whose signature fits.
 * @return \WP_REST_Response|\WP_Error
 */
function hear( $request ) {
	update_option( HEARD, time(), false );
	$event = json_decode( $request->get_body(), true );
	if ( ! is_array( $event ) || 'comment.verdict' !== ( $event['type'] ?? '' ) ) {
		return heard( 'passed over' ); // a newer server may tell more than we know of.
	}
	$said = is_array( $event['data'] ?? null ) ? $event['data'] : array();
	if ( ! is_string( $said['external_id'] ?? null ) || ! is_string( $said['status'] ?? null ) || ! is_int( $said['version'] ?? null ) ) {
		return new \WP_Error( 'moderator_event', __( 'A verdict needs external_id, status and version.', 'moderator' ), array( 'status' => 400 ) );
	}
	$id = '' === $said['external_id'] ? 0 : comment_of( $said['external_id'] );
	if ( ! $id ) {
		return new \WP_Error( 'moderator_unknown', __( 'This blog has no such comment.', 'moderator' ), array( 'status' => 404 ) );
	}
	return heard( take( $id, $said, (int) strtotime( (string) ( $event['timestamp'] ?? '' ) ) ) );
}

/**
 * Carry out a verdict, unless something newer is known.
 *
 * @param int                  $id   WordPress's id.
 * @param array<string, mixed> $said The event's data.
 * @param int                  $at   When it was given, in Unix seconds.
 * @return string What was done.
 */
function take( int $id, array $said, int $at ): string {
	if ( $said['version'] <= (int) ( answer_of( $id )['version'] ?? 0 ) ) {
		return 'known';
	}
	keep( $id, array( 'version' => $said['version'] ) + ( is_string( $said['id'] ?? null ) ? array( 'id' => $said['id'] ) : array() ) );
	$report = get_comment_meta( $id, REPORT, true );
	if ( is_array( $report ) && $report['at'] > $at ) {
		return 'a newer word stands here'; // the server is being told of it.
	}
	$wanted = status_wanted( $said['status'], $said['verdict'] ?? null );
	if ( '' === $wanted ) {
		return 'passed over';
	}
	delete_comment_meta( $id, REPORT );
	move( $id, $wanted );
	return 'done';
}

/**
 * Where a comment belongs after a verdict. Only a human's word publishes.
 *
 * @param string      $status  "approved", "held", "rejected" or "deleted".
 * @param string|null $verdict "ham", "spam", "unwanted", "open" (one was taken back), or null: no human spoke.
 * @return string What move() takes, "" for: leave it.
 */
function status_wanted( string $status, $verdict ): string {
	if ( 'approved' === $status ) {
		return null === $verdict ? '' : 'approve';
	}
	if ( 'rejected' === $status ) {
		return 'unwanted' === $verdict ? 'trash' : 'spam';
	}
	return 'held' === $status ? 'hold' : '';
}

/**
 * The answer to a callback.
 *
 * @param string $what What was done.
 */
function heard( string $what ): \WP_REST_Response {
	return new \WP_REST_Response( array( 'status' => $what ) );
}
