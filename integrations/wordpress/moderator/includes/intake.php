<?php
/**
 * A new comment: asked about before it is stored, so that it is never shown first; held where there is no answer.
 *
 * WordPress gives a comment its id when it stores it, after it was decided on. So it gets an id of our own (a UUID)
 * when it comes in, which travels with it and is stored with it.
 *
 * @package Moderator
 */

namespace Moderator;

defined( 'ABSPATH' ) || exit;

// Notes between editors (WordPress 6.9) and shops' order notes are no comments of visitors.
const NOT_ASKED = array( 'note', 'order_note', 'action_log' );

add_filter( 'preprocess_comment', __NAMESPACE__ . '\\give_ref', 99 );
add_filter( 'rest_preprocess_comment', __NAMESPACE__ . '\\give_ref_by_rest', 99, 2 );
add_filter( 'pre_comment_approved', __NAMESPACE__ . '\\decide', 99, 2 );
add_action( 'wp_insert_comment', __NAMESPACE__ . '\\remember', 1, 2 );

/**
 * A comment gets our id as it comes in.
 *
 * @param array<string, mixed> $comment Its columns.
 * @return array<string, mixed>
 */
function give_ref( $comment ) {
	if ( is_array( $comment ) && is_set_up() ) {
		$comment['comment_meta'][ REF ] = wp_generate_uuid4();
	}
	return $comment;
}

/**
 * The same for a comment that comes in by the REST API; an edit keeps the id that it has.
 *
 * @param array<string, mixed>|\WP_Error $comment Its columns.
 * @param \WP_REST_Request               $request The request.
 * @return array<string, mixed>|\WP_Error
 */
function give_ref_by_rest( $comment, $request ) {
	return empty( $request['id'] ) ? give_ref( $comment ) : $comment;
}

/**
 * What becomes of a new comment. Stricter words of this blog itself stand.
 *
 * @param int|string|\WP_Error $approved What WordPress would do: 1, 0, "spam", "trash", or refuse.
 * @param array<string, mixed> $comment  Its columns, with slashes.
 * @return int|string|\WP_Error
 */
function decide( $approved, $comment ) {
	if ( ! is_set_up() || is_wp_error( $approved ) || in_array( $approved, array( 'spam', 'trash' ), true ) || ! is_asked_about( $comment ) ) {
		return $approved;
	}
	$ref    = (string) ( $comment['comment_meta'][ REF ] ?? wp_generate_uuid4() );
	$answer = ask_now( to_wire( wp_unslash( $comment ), $ref ) );
	$one    = array(
		'ref'     => $ref,
		'answer'  => $answer,
		'allowed' => (bool) $approved,
	);
	asked( $one + who_and_where( wp_unslash( $comment ) ) );
	return is_wp_error( $answer ) ? '0' : status_after( $answer['decision'], $approved );
}

/**
 * What a decision means for a comment that is not yet shown.
 *
 * @param string     $decision "approve", "hold" or "reject"; anything else is a hold.
 * @param int|string $approved What WordPress would do without us.
 * @return int|string
 */
function status_after( string $decision, $approved ) {
	if ( 'approve' === $decision ) {
		return setting( 'publish' ) ? 1 : $approved;
	}
	return 'reject' === $decision ? 'spam' : '0';
}

/**
 * Whether it is a comment that someone else should decide on: not those of people who moderate here.
 *
 * @param array<string, mixed> $comment Its columns.
 */
function is_asked_about( array $comment ): bool {
	$user   = empty( $comment['user_id'] ) ? false : get_userdata( (int) $comment['user_id'] );
	$post   = get_post( (int) ( $comment['comment_post_ID'] ?? 0 ) );
	$theirs = $user && ( $user->has_cap( 'moderate_comments' ) || ( $post && (int) $post->post_author === $user->ID ) );
	$asked  = ! $theirs && ! in_array( $comment['comment_type'] ?? '', NOT_ASKED, true );
	/**
	 * Filters whether the moderator server is asked about a new comment.
	 *
	 * @param bool  $asked   Whether it is.
	 * @param array $comment The comment's columns, with slashes.
	 */
	return (bool) apply_filters( 'moderator_is_asked', $asked, $comment );
}

/**
 * What was answered is stored with the comment as soon as it is stored itself.
 *
 * @param int         $id      WordPress's id.
 * @param \WP_Comment $comment The comment as it was stored.
 */
function remember( $id, $comment ): void {
	$id    = (int) $id;
	$ref   = ref_of( $id );
	$found = '' === $ref ? asked_without_ref( $comment->to_array() ) : asked_with_ref( $ref );
	if ( null === $found ) {
		if ( '' !== $ref ) {
			delete_comment_meta( $id, REF ); // the server was not asked: this blog itself decided.
		}
		return;
	}
	update_comment_meta( $id, REF, $found['ref'] );
	keep( $id, array( 'allowed' => $found['allowed'] ) ); // for an answer that comes later.
	if ( keep_answer( $id, $found['answer'], IS_NEW ) ) {
		settle_within( SECONDS_TO_NEXT[0] );
	}
}

/**
 * What was asked about in this request and is not yet stored.
 *
 * @param array<string, mixed>|null $one  One more.
 * @param string                    $gone The id of one that is stored now.
 * @return array<string, array<string, mixed>>
 */
function asked( ?array $one = null, string $gone = '' ): array {
	static $all = array();
	if ( null !== $one ) {
		$all[ $one['ref'] ] = $one;
	}
	unset( $all[ $gone ] );
	return $all;
}

/**
 * The answer on a comment that carries our id.
 *
 * @param string $ref Our own id of it.
 * @return array<string, mixed>|null
 */
function asked_with_ref( string $ref ): ?array {
	$found = asked()[ $ref ] ?? null;
	asked( null, $ref );
	return $found;
}

/**
 * The answer on a comment whose plugin had it decided on and stored by itself (shops' reviews do), without our id.
 *
 * @param array<string, mixed> $comment The comment as it was stored.
 * @return array<string, mixed>|null
 */
function asked_without_ref( array $comment ): ?array {
	foreach ( asked() as $one ) {
		if ( array_intersect_key( $one, who_and_where( $comment ) ) === who_and_where( $comment ) ) {
			return asked_with_ref( $one['ref'] );
		}
	}
	return null;
}

/**
 * What tells one comment of a request from another.
 *
 * @param array<string, mixed> $comment Its columns.
 * @return array<string, string>
 */
function who_and_where( array $comment ): array {
	return array(
		'post'  => (string) ( $comment['comment_post_ID'] ?? '' ),
		'email' => (string) ( $comment['comment_author_email'] ?? '' ),
		'ip'    => (string) ( $comment['comment_author_IP'] ?? '' ),
	);
}
