<?php
/**
 * What is kept of a comment beside WordPress's own columns: all in its metadata, so that nothing is lost or left over.
 *
 * @package Moderator
 */

namespace Moderator;

defined( 'ABSPATH' ) || exit;

// ANSWER: what the server said last (id, decision, rule, score, reasons; version of the last human word; problem), and
// whether this blog's own settings allowed the comment.
const REF     = '_moderator_ref';     // our own id of the comment, a UUID; the server's "external_id".
const ANSWER  = '_moderator_answer';
const WAITING = '_moderator_waiting'; // it is to be sent: one of the three below.
const REPORT  = '_moderator_report';  // a person's word that the server is to be told: verdict, by, at.
const GONE    = '_moderator_gone';    // our own id of a deleted comment, of which the server is to be told.

const IS_NEW    = 'new';    // never answered: what is decided is carried out.
const IS_EDITED = 'edited'; // edited by one who may not moderate: it can be held now.
const IS_KEPT   = 'kept';   // edited by a moderator: it stays as they left it.

// What wp_get_comment_status() says, and what wp_set_comment_status() takes for it.
const STATUSES = array(
	'approved'   => 'approve',
	'unapproved' => 'hold',
	'spam'       => 'spam',
	'trash'      => 'trash',
);

/**
 * Our own id of a comment, "" where the server was never asked about it.
 *
 * @param int $id WordPress's id.
 */
function ref_of( int $id ): string {
	return (string) get_comment_meta( $id, REF, true );
}

/**
 * WordPress's id of a comment, 0 where there is none.
 *
 * @param string $ref Our own id of it.
 */
function comment_of( string $ref ): int {
	$found = get_comments(
		array(
			'meta_key'   => REF, // phpcs:ignore WordPress.DB.SlowDBQuery
			'meta_value' => $ref, // phpcs:ignore WordPress.DB.SlowDBQuery
			'fields'     => 'ids',
			'status'     => 'any',
			'number'     => 1,
			'orderby'    => 'none',
		)
	);
	return (int) ( $found[0] ?? 0 );
}

/**
 * What the server said last.
 *
 * @param int $id WordPress's id.
 * @return array<string, mixed> Empty where it said nothing yet.
 */
function answer_of( int $id ): array {
	$kept = get_comment_meta( $id, ANSWER, true );
	return is_array( $kept ) ? $kept : array();
}

/**
 * Keep more of what the server said.
 *
 * @param int                  $id   WordPress's id.
 * @param array<string, mixed> $more What is new.
 */
function keep( int $id, array $more ): void {
	update_comment_meta( $id, ANSWER, wp_slash( array_merge( answer_of( $id ), $more ) ) );
}

/**
 * Keep a decision with its reasons, or note why there is none; whether it must be asked for again.
 *
 * @param int                            $id     WordPress's id.
 * @param array<string, mixed>|\WP_Error $answer What ask() gave.
 * @param string                         $kind   What it waits as, if it must wait.
 */
function keep_answer( int $id, $answer, string $kind ): bool {
	if ( ! is_wp_error( $answer ) ) {
		delete_comment_meta( $id, WAITING );
		keep(
			$id,
			array(
				'id'       => (string) $answer['id'],
				'decision' => (string) $answer['decision'],
				'rule'     => (string) ( $answer['rule'] ?? '' ),
				'score'    => is_numeric( $answer['score'] ?? null ) ? (float) $answer['score'] : null,
				'reasons'  => reason_texts( $answer['reasons'] ?? null ),
				'problem'  => '',
			)
		);
		return false;
	}
	keep( $id, array( 'problem' => $answer->get_error_message() ) );
	if ( IS_REFUSED === $answer->get_error_code() ) {
		delete_comment_meta( $id, WAITING );
		return false;
	}
	update_comment_meta( $id, WAITING, $kind );
	return true;
}

/**
 * The sentences of the reasons.
 *
 * @param mixed $reasons As the server sent them.
 * @return string[]
 */
function reason_texts( $reasons ): array {
	$texts = array();
	foreach ( is_array( $reasons ) ? $reasons : array() as $reason ) {
		if ( is_array( $reason ) && is_string( $reason['text'] ?? null ) ) {
			$texts[] = $reason['text'];
		}
	}
	return $texts;
}

/**
 * Where a comment stands: "approve", "hold", "spam", "trash", or "" where there is none.
 *
 * @param int $id WordPress's id.
 */
function status_of( int $id ): string {
	return STATUSES[ (string) wp_get_comment_status( $id ) ] ?? '';
}

/**
 * Move a comment as the server says, not as a person here does: it is not told back.
 *
 * @param int    $id     WordPress's id.
 * @param string $status "approve", "hold", "spam" or "trash".
 */
function move( int $id, string $status ): void {
	if ( status_of( $id ) === $status ) {
		return;
	}
	if ( 'trash' === $status && ! EMPTY_TRASH_DAYS ) {
		$status = 'spam'; // this blog has no trash: WordPress would delete the comment for good.
	}
	is_moving( true );
	try {
		if ( 'spam' === $status ) {
			wp_spam_comment( $id );
		} elseif ( 'trash' === $status ) {
			wp_trash_comment( $id );
		} else {
			wp_set_comment_status( $id, $status );
		}
	} finally {
		is_moving( false );
	}
}

/**
 * Whether a move is the server's.
 *
 * @param bool|null $now What holds from now on.
 */
function is_moving( ?bool $now = null ): bool {
	static $moving = false;
	$moving        = $now ?? $moving;
	return $moving;
}
