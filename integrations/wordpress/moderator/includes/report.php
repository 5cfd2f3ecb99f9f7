<?php
/**
 * What people do here, told to the server: moves become verdicts that it learns from, edits and deletions are told.
 *
 * A click only notes what is to be told. It is sent when the page is done (or by cron, if the server does not answer),
 * so that no one waits and nothing is lost.
 *
 * @package Moderator
 */

namespace Moderator;

defined( 'ABSPATH' ) || exit;

const VERDICTS = array(
	'approve' => 'ham',
	'hold'    => 'open',
	'spam'    => 'spam',
	'trash'   => 'unwanted',
);

add_action( 'transition_comment_status', __NAMESPACE__ . '\\note_move', 10, 3 );
add_action( 'edit_comment', __NAMESPACE__ . '\\note_edit' );
add_action( 'delete_comment', __NAMESPACE__ . '\\note_deletion' );

/**
 * A comment changed its status.
 *
 * @param string      $status  "approved", "unapproved", "spam", "trash" or "delete".
 * @param string      $before  The same of before.
 * @param \WP_Comment $comment The comment.
 */
function note_move( $status, $before, $comment ): void {
	$id = (int) $comment->comment_ID;
	if ( isset( STATUSES[ $status ] ) && ! is_moving() && is_by_moderator( $id ) && '' !== ref_of( $id ) ) {
		note_word( $id, STATUSES[ $status ] );
	}
}

/**
 * A person's word is to be told.
 *
 * @param int    $id     WordPress's id.
 * @param string $status Where the comment stands by it.
 */
function note_word( int $id, string $status ): void {
	update_comment_meta(
		$id,
		REPORT,
		wp_slash(
			array(
				'verdict' => VERDICTS[ $status ],
				'by'      => who(),
				'at'      => time(),
			)
		)
	);
	tell_at_the_end();
}

/**
 * A comment was edited. What a moderator wrote is not held; what anyone else wrote (plugins let visitors edit) can be.
 *
 * @param int $id WordPress's id.
 */
function note_edit( $id ): void {
	$id = (int) $id;
	if ( '' === ref_of( $id ) || IS_NEW === get_comment_meta( $id, WAITING, true ) ) {
		return; // never asked about; or not yet answered, and then the new text will be sent.
	}
	$by_moderator = is_by_moderator( $id );
	update_comment_meta( $id, WAITING, $by_moderator ? IS_KEPT : IS_EDITED );
	if ( $by_moderator && 'hold' !== status_of( $id ) ) {
		note_word( $id, status_of( $id ) ); // they saw the new text and left the comment where it is.
	}
	tell_at_the_end();
}

/**
 * A comment is being deleted for good. One row of metadata stays until the server is told.
 *
 * @param int $id WordPress's id.
 */
function note_deletion( $id ): void {
	$ref = ref_of( (int) $id );
	if ( '' === $ref ) {
		return;
	}
	add_action(
		'deleted_comment',
		static function ( $deleted ) use ( $id, $ref ) {
			if ( (int) $deleted === (int) $id ) {
				add_metadata( 'comment', (int) $id, GONE, $ref, true );
				tell_at_the_end();
			}
		}
	);
}

/**
 * Whether one who may moderate this comment does it, and not a visitor, cron or another plugin on its own.
 *
 * @param int $id WordPress's id.
 */
function is_by_moderator( int $id ): bool {
	return ( defined( 'WP_CLI' ) && WP_CLI ) || ( ! wp_doing_cron() && current_user_can( 'edit_comment', $id ) );
}

/** Who does it, as the server shows it. */
function who(): string {
	$login = wp_get_current_user()->user_login;
	return is_string( $login ) && '' !== $login ? $login : 'WP-CLI';
}

/** Tell what was noted once the page is done, where PHP can end it early; cron tells what does not go through. */
function tell_at_the_end(): void {
	settle_within( SECONDS_TO_NEXT[0] );
	if ( ! has_action( 'shutdown', __NAMESPACE__ . '\\tell' ) ) {
		add_action( 'shutdown', __NAMESPACE__ . '\\tell' );
	}
}

/** The page is done. */
function tell(): void {
	if ( function_exists( 'fastcgi_finish_request' ) ) {
		fastcgi_finish_request();
	}
	if ( ! get_transient( RESTS ) ) {
		settle( SECONDS_AT_THE_END );
	}
}
