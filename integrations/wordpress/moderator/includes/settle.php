<?php
/**
 * What waits for the server is settled: comments without an answer, verdicts, edits and deletions to be told.
 *
 * @package Moderator
 */

namespace Moderator;

defined( 'ABSPATH' ) || exit;

const SETTLE = 'moderator_settle'; // the cron event.
const STATE  = 'moderator_state';  // how it goes: failures (in a row), problem, since.

const SECONDS_TO_NEXT    = array( 60, 120, 300, 600, 900 ); // after the first failure, the second …
const SECONDS_BY_CRON    = 20;
const SECONDS_AT_THE_END = 4;
const MOST_AT_ONCE       = 100;

add_action( SETTLE, __NAMESPACE__ . '\\settle_by_cron' );

/** What cron calls. */
function settle_by_cron(): void {
	settle( SECONDS_BY_CRON );
}

/**
 * Settle what waits, oldest first, until there is nothing, the time is over or the server does not answer.
 *
 * @param int $seconds How long it may take.
 */
function settle( int $seconds ): void {
	if ( ! is_set_up() ) {
		return;
	}
	$until = microtime( true ) + $seconds;
	foreach ( waiting( MOST_AT_ONCE ) as $id ) {
		$error = microtime( true ) < $until ? settle_comment( $id ) : null;
		if ( $error ) {
			$failures = note_failure( $error->get_error_message() );
			settle_within( SECONDS_TO_NEXT[ min( $failures, count( SECONDS_TO_NEXT ) ) - 1 ] );
			return;
		}
	}
	delete_option( STATE );
	if ( waiting( 1 ) ) {
		settle_within( 0 );
	} else {
		wp_clear_scheduled_hook( SETTLE );
	}
}

/**
 * Which comments something waits of.
 *
 * @param int $most How many at most.
 * @return int[] WordPress's ids, those that have waited longest first.
 */
function waiting( int $most ): array {
	global $wpdb;
	// No function of WordPress finds the metadata of deleted comments. A cache would be wrong.
	$query = "SELECT comment_id FROM $wpdb->commentmeta WHERE meta_key IN (%s, %s, %s) GROUP BY comment_id ORDER BY MIN(meta_id) LIMIT %d";
	return array_map( 'intval', $wpdb->get_col( $wpdb->prepare( $query, WAITING, REPORT, GONE, $most ) ) ); // phpcs:ignore WordPress.DB
}

/** How many comments the server has not answered about or not been told of. */
function count_waiting(): int {
	global $wpdb;
	$query = "SELECT COUNT(DISTINCT comment_id) FROM $wpdb->commentmeta WHERE meta_key IN (%s, %s, %s)";
	return (int) $wpdb->get_var( $wpdb->prepare( $query, WAITING, REPORT, GONE ) ); // phpcs:ignore WordPress.DB
}

/**
 * Settle what waits of one comment, in the order in which it makes sense.
 *
 * @param int $id WordPress's id.
 * @return \WP_Error|null An error where the server is down: what waits goes on waiting.
 */
function settle_comment( int $id ): ?\WP_Error {
	return settle_content( $id ) ?? settle_word( $id ) ?? settle_deletion( $id );
}

/**
 * Send a comment that was not answered about, or that was edited, and carry out what is decided.
 *
 * @param int $id WordPress's id.
 */
function settle_content( int $id ): ?\WP_Error {
	$kind    = (string) get_comment_meta( $id, WAITING, true );
	$comment = '' === $kind ? null : get_comment( $id );
	if ( ! $comment ) {
		delete_comment_meta( $id, WAITING );
		return null;
	}
	$answer = ask( to_wire( $comment->to_array(), ref_of( $id ) ) );
	if ( keep_answer( $id, $answer, $kind ) ) {
		return $answer;
	}
	if ( ! is_wp_error( $answer ) ) {
		carry_out( $id, $kind, $answer['decision'] );
	}
	return null;
}

/**
 * Carry out a decision that came late. A human's word, here or there, counts more than the machine's.
 *
 * @param int    $id       WordPress's id.
 * @param string $kind     What it waited as.
 * @param string $decision "approve", "hold" or "reject".
 */
function carry_out( int $id, string $kind, string $decision ): void {
	$kept   = answer_of( $id );
	$stands = status_of( $id );
	if ( IS_KEPT === $kind || ( IS_NEW === $kind && isset( $kept['version'] ) ) || metadata_exists( 'comment', $id, REPORT ) ) {
		return; // an older word of a human was on another text than the one that was edited.
	}
	if ( 'reject' === $decision && in_array( $stands, array( 'approve', 'hold' ), true ) ) {
		move( $id, 'spam' );
	} elseif ( 'hold' === $decision && 'approve' === $stands ) {
		move( $id, 'hold' );
	} elseif ( 'approve' === $decision && 'hold' === $stands && IS_NEW === $kind && ( setting( 'publish' ) || ! empty( $kept['allowed'] ) ) ) {
		move( $id, 'approve' );
	}
}

/**
 * Tell a person's word.
 *
 * @param int $id WordPress's id.
 */
function settle_word( int $id ): ?\WP_Error {
	$report = get_comment_meta( $id, REPORT, true );
	$known  = (string) ( answer_of( $id )['id'] ?? '' );
	if ( ! is_array( $report ) || '' === $known ) {
		delete_comment_meta( $id, REPORT ); // nothing to tell, or the server will never take this comment.
		return null;
	}
	$told = tell_verdict( $known, $report['verdict'], $report['by'] );
	if ( is_wp_error( $told ) && IS_UNKNOWN === $told->get_error_code() ) {
		update_comment_meta( $id, WAITING, IS_KEPT ); // the server has lost it: it gets it again, then the word.
		$error = settle_content( $id );
		if ( $error ) {
			return $error;
		}
		$told = tell_verdict( (string) answer_of( $id )['id'], $report['verdict'], $report['by'] );
	}
	if ( is_wp_error( $told ) && IS_DOWN === $told->get_error_code() ) {
		return $told;
	}
	delete_comment_meta( $id, REPORT, wp_slash( $report ) ); // not a newer word of this moment.
	if ( ! is_wp_error( $told ) && is_int( $told['version'] ?? null ) ) {
		keep( $id, array( 'version' => $told['version'] ) );
	}
	return null;
}

/**
 * Tell that a comment was deleted.
 *
 * @param int $id What was WordPress's id.
 */
function settle_deletion( int $id ): ?\WP_Error {
	$ref  = (string) get_metadata( 'comment', $id, GONE, true );
	$told = '' === $ref ? null : tell_deletion( $ref );
	if ( is_wp_error( $told ) && IS_DOWN === $told->get_error_code() ) {
		return $told;
	}
	delete_metadata( 'comment', $id, GONE );
	return null;
}

/**
 * The server did not answer.
 *
 * @param string $problem What was said.
 * @return int How many times in a row.
 */
function note_failure( string $problem ): int {
	$state = get_option( STATE );
	$state = is_array( $state ) ? $state : array();
	$state = array(
		'failures' => 1 + (int) ( $state['failures'] ?? 0 ),
		'problem'  => $problem,
		'since'    => (int) ( $state['since'] ?? time() ),
	);
	update_option( STATE, $state, false );
	return $state['failures'];
}

/**
 * Let cron settle what waits in so many seconds, or sooner if that is planned already.
 *
 * @param int $seconds From now.
 */
function settle_within( int $seconds ): void {
	$planned = wp_next_scheduled( SETTLE );
	if ( $planned && $planned <= time() + $seconds ) {
		return;
	}
	wp_clear_scheduled_hook( SETTLE ); // WordPress takes no second event within ten minutes of another.
	wp_schedule_single_event( time() + $seconds, SETTLE );
}
