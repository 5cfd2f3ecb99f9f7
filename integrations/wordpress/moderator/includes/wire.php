<?php
/**
 * A comment of WordPress in the words of the native webhook.
 *
 * @package Moderator
 */

namespace Moderator;

defined( 'ABSPATH' ) || exit;

// Enough of a post to see what a comment shares with it.
const MOST_OF_A_POST = 4000;
// The server takes short fields up to 16 KiB.
const MOST_SHORT = 16000;

/**
 * What is sent to ask about a comment.
 *
 * @param array<string, mixed> $comment A comment's columns, without slashes.
 * @param string               $ref     Our own id of the comment: WordPress has none before it is stored.
 * @return array<string, mixed>
 */
function to_wire( array $comment, string $ref ): array {
	$sent = array(
		'id'         => $ref,
		'body'       => (string) ( $comment['comment_content'] ?? '' ),
		'author'     => array(
			'name'  => plain( (string) ( $comment['comment_author'] ?? '' ) ),
			'email' => (string) ( $comment['comment_author_email'] ?? '' ),
			'url'   => (string) ( $comment['comment_author_url'] ?? '' ),
		),
		'post'       => post_to_wire( (int) ( $comment['comment_post_ID'] ?? 0 ) ),
		'parent'     => parent_to_wire( (int) ( $comment['comment_parent'] ?? 0 ) ),
		'kind'       => kind( $comment ),
		'ip'         => (string) ( $comment['comment_author_IP'] ?? '' ),
		'user_agent' => substr( (string) ( $comment['comment_agent'] ?? '' ), 0, MOST_SHORT ),
		'created'    => moment( (string) ( $comment['comment_date_gmt'] ?? '' ) ),
		'language'   => str_replace( '_', '-', get_locale() ),
	);
	foreach ( $sent as $name => $value ) {
		if ( '' === $value || array() === $value ) {
			unset( $sent[ $name ] ); // not what PHP calls empty: a comment can be "0".
		}
	}
	/**
	 * Filters what is sent to the moderator server, to leave something out or to add the text of a honeypot field.
	 *
	 * @param array $sent    As docs/protocols.md of the server names the fields.
	 * @param array $comment The comment's columns.
	 */
	return (array) apply_filters( 'moderator_comment', $sent, $comment );
}

/**
 * The post that is commented on.
 *
 * @param int $id Its id.
 * @return array<string, string>
 */
function post_to_wire( int $id ): array {
	$post = get_post( $id );
	if ( null === $post ) {
		return array();
	}
	$text = wp_strip_all_tags( strip_shortcodes( $post->post_content ), true );
	return array_filter(
		array(
			'url'   => (string) get_permalink( $post ),
			'title' => plain( wp_strip_all_tags( $post->post_title ) ),
			'text'  => '' === $post->post_password ? mb_substr( plain( $text ), 0, MOST_OF_A_POST ) : '',
		)
	);
}

/**
 * The comment that is answered.
 *
 * @param int $id Its id, 0 for none.
 * @return array<string, string>
 */
function parent_to_wire( int $id ): array {
	$parent = $id ? get_comment( $id ) : null;
	if ( ! $parent ) {
		return array();
	}
	$ref = ref_of( $id );
	return array(
		'id'   => '' !== $ref ? $ref : (string) $id,
		'text' => $parent->comment_content,
	);
}

/**
 * What it is: comment, reply, pingback, trackback, review …
 *
 * @param array<string, mixed> $comment A comment's columns.
 */
function kind( array $comment ): string {
	$type = (string) ( $comment['comment_type'] ?? '' );
	if ( '' !== $type && 'comment' !== $type ) {
		return $type;
	}
	return empty( $comment['comment_parent'] ) ? 'comment' : 'reply';
}

/**
 * A time of the database as ISO 8601.
 *
 * @param string $gmt In UTC, as YYYY-MM-DD HH:MM:SS.
 */
function moment( string $gmt ): string {
	return preg_match( '/^[1-9]\d{3}-\d\d-\d\d \d\d:\d\d:\d\d$/', $gmt ) ? str_replace( ' ', 'T', $gmt ) . 'Z' : '';
}

/**
 * Names and titles are stored with entities.
 *
 * @param string $text Text with entities.
 */
function plain( string $text ): string {
	return html_entity_decode( $text, ENT_QUOTES | ENT_HTML5, 'UTF-8' );
}
