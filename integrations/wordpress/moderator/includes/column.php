<?php
/**
 * Why a comment is where it is: a column in the list of comments, and a box beside a comment that is edited.
 *
 * @package Moderator
 */

namespace Moderator;

defined( 'ABSPATH' ) || exit;

add_filter( 'manage_edit-comments_columns', __NAMESPACE__ . '\\add_column' );
add_action( 'manage_comments_custom_column', __NAMESPACE__ . '\\show_column', 10, 2 );
add_action( 'add_meta_boxes_comment', __NAMESPACE__ . '\\add_box' );
add_action( 'admin_print_styles-edit-comments.php', __NAMESPACE__ . '\\print_style' );
add_action( 'admin_print_styles-comment.php', __NAMESPACE__ . '\\print_style' );

/**
 * The column stands after the comment.
 *
 * @param array<string, string> $columns Names and headings.
 * @return array<string, string>
 */
function add_column( $columns ) {
	$at = array_search( 'comment', array_keys( $columns ), true );
	$at = false === $at ? count( $columns ) : $at + 1;
	return array_slice( $columns, 0, $at ) + array( 'moderator' => __( 'Moderator', 'moderator' ) ) + $columns;
}

/**
 * One cell.
 *
 * @param string $column The column.
 * @param int    $id     The comment.
 */
function show_column( $column, $id ): void {
	if ( 'moderator' === $column ) {
		show_answer( (int) $id );
	}
}

/**
 * The box.
 *
 * @param \WP_Comment $comment The comment that is edited.
 */
function add_box( $comment ): void {
	if ( '' !== ref_of( (int) $comment->comment_ID ) ) {
		add_meta_box(
			'moderator',
			__( 'Moderator', 'moderator' ),
			static function ( $comment ) {
				show_answer( (int) $comment->comment_ID );
			},
			'comment',
			'normal'
		);
	}
}

/**
 * What the server said of a comment, and what waits.
 *
 * @param int $id The comment.
 */
function show_answer( int $id ): void {
	$kept = answer_of( $id );
	if ( ! $kept ) {
		return; // it was never asked about.
	}
	if ( ! empty( $kept['decision'] ) ) {
		echo '<strong class="moderator-decision">', esc_html( decision_text( $kept['decision'] ) ), '</strong>';
		if ( is_float( $kept['score'] ?? null ) ) {
			/* translators: %s: a percentage */
			echo ' <span class="moderator-score">', esc_html( sprintf( __( '%s spam', 'moderator' ), per_cent( $kept['score'] ) ) ), '</span>';
		}
	}
	if ( ! empty( $kept['reasons'] ) ) {
		echo '<ul class="moderator-reasons">';
		foreach ( (array) $kept['reasons'] as $reason ) {
			echo '<li>', esc_html( $reason ), '</li>';
		}
		echo '</ul>';
	}
	if ( metadata_exists( 'comment', $id, WAITING ) ) {
		echo '<p class="moderator-waits">', esc_html__( 'Waits for the server’s answer.', 'moderator' ), '</p>';
	}
	if ( metadata_exists( 'comment', $id, REPORT ) ) {
		echo '<p class="moderator-waits">', esc_html__( 'The server will be told what you decided.', 'moderator' ), '</p>';
	}
	if ( ! empty( $kept['problem'] ) ) {
		echo '<p class="moderator-waits">', esc_html( $kept['problem'] ), '</p>';
	}
}

/**
 * A decision in a word.
 *
 * @param string $decision "approve", "hold" or "reject".
 */
function decision_text( string $decision ): string {
	$texts = array(
		'approve' => __( 'Approved', 'moderator' ),
		'hold'    => __( 'Held', 'moderator' ),
		'reject'  => __( 'Rejected', 'moderator' ),
	);
	return $texts[ $decision ] ?? $decision;
}

/**
 * A probability as it may be told: none is 0 or 100 %.
 *
 * @param float $score From 0 to 1.
 */
function per_cent( float $score ): string {
	if ( $score < 0.01 ) {
		return '< 1 %';
	}
	return $score > 0.99 ? '> 99 %' : number_format_i18n( 100 * $score ) . ' %';
}

/** A few rules for the column. */
function print_style(): void {
	wp_register_style( 'moderator', false, array(), VERSION );
	wp_enqueue_style( 'moderator' );
	wp_add_inline_style(
		'moderator',
		'.column-moderator{width:22%}.moderator-score{color:#646970;white-space:nowrap}'
		. '.moderator-reasons{margin:.3em 0 0;list-style:disc inside;font-size:12px}.moderator-waits{color:#996800;margin:.3em 0 0}'
	);
}
