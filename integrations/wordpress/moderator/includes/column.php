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
				show_answer( (int) $comment->comment_ID, true );
			},
			'comment',
			'normal'
		);
	}
}

/**
 * What the server said of a comment, and what waits.
 *
 * @param int  $id    The comment.
 * @param bool $whole Whether all reasons are seen at once.
 */
function show_answer( int $id, bool $whole = false ): void {
	$kept = answer_of( $id );
	if ( ! empty( $kept['decision'] ) ) {
		echo '<strong>', esc_html( decision_text( $kept['decision'] ) ), '</strong>';
		if ( is_float( $kept['score'] ?? null ) ) {
			/* translators: %s: a percentage */
			echo ' <span class="moderator-score">', esc_html( sprintf( __( '%s spam', 'moderator' ), per_cent( $kept['score'] ) ) ), '</span>';
		}
		show_reasons( (array) ( $kept['reasons'] ?? array() ), $whole );
	}
	$remarks = array(
		metadata_exists( 'comment', $id, WAITING ) ? __( 'Waits for the server’s answer.', 'moderator' ) : (string) ( $kept['problem'] ?? '' ),
		metadata_exists( 'comment', $id, REPORT ) ? __( 'The server will be told what was decided here.', 'moderator' ) : '',
	);
	foreach ( array_filter( $remarks ) as $remark ) {
		echo '<p class="moderator-remark">', esc_html( $remark ), '</p>';
	}
}

/**
 * The first reason is the rule's, which decided; the others are what weighed.
 *
 * @param string[] $reasons Sentences.
 * @param bool     $whole   Whether all are seen at once.
 */
function show_reasons( array $reasons, bool $whole ): void {
	if ( ! $reasons ) {
		return;
	}
	echo '<p class="moderator-rule">', esc_html( array_shift( $reasons ) ), '</p>';
	if ( $reasons ) {
		echo '<details class="moderator-reasons"', $whole ? ' open' : '', '><summary>', esc_html__( 'What weighed', 'moderator' ), '</summary><ul>';
		foreach ( $reasons as $reason ) {
			echo '<li>', esc_html( $reason ), '</li>';
		}
		echo '</ul></details>';
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
		'.column-moderator{width:24%}.moderator-score{color:#646970;white-space:nowrap}.column-moderator .moderator-rule{margin:.3em 0}'
		. '.moderator-reasons{font-size:12px}.moderator-reasons summary{color:#2271b1;cursor:pointer}'
		. '.moderator-reasons ul{margin:.3em 0 0 1.4em;list-style:disc}.moderator-remark{color:#996800}'
	);
}
