<?php
/**
 * The settings' fields: what is shown, and what is taken.
 *
 * @package Moderator
 */

namespace Moderator;

defined( 'ABSPATH' ) || exit;

const PAGE = 'moderator';

add_action( 'admin_init', __NAMESPACE__ . '\\register' );
add_action( 'update_option_' . SETTINGS, __NAMESPACE__ . '\\try_again' );
add_action( 'add_option_' . SETTINGS, __NAMESPACE__ . '\\try_again' );

/** The settings and their fields. WordPress checks the nonce and who may save them (manage_options). */
function register(): void {
	register_setting(
		PAGE,
		SETTINGS,
		array(
			'type'              => 'array',
			'sanitize_callback' => __NAMESPACE__ . '\\checked_settings',
			'show_in_rest'      => false,
		)
	);
	add_settings_section( PAGE, '', '__return_null', PAGE );
	$fields = array(
		'url'     => __( 'Server', 'moderator' ),
		'key'     => __( 'API key', 'moderator' ),
		'secrets' => __( 'Callback secret', 'moderator' ),
		'publish' => __( 'When it approves', 'moderator' ),
	);
	foreach ( $fields as $name => $title ) {
		$label = array( 'label_for' => "moderator_$name" );
		add_settings_field( $name, $title, __NAMESPACE__ . "\\show_$name", PAGE, PAGE, 'publish' === $name ? array() : $label );
	}
}

/**
 * What is saved, of what was typed. A bad value is told and the old one stays.
 *
 * @param mixed $sent What the form sent.
 * @return array<string, string|bool>
 */
function checked_settings( $sent ): array {
	$saved = get_option( SETTINGS );
	$saved = ( is_array( $saved ) ? $saved : array() ) + DEFAULTS;
	$sent  = is_array( $sent ) ? $sent : array();
	$text  = static function ( string $name ) use ( $sent ) {
		return is_string( $sent[ $name ] ?? null ) ? trim( $sent[ $name ] ) : '';
	};
	$url   = untrailingslashit( $text( 'url' ) );
	if ( '' !== $url && ( ! preg_match( '#^https?://[^/?\#@\s]+(/[^?\#\s]*)?$#i', $url ) || esc_url_raw( $url, array( 'http', 'https' ) ) !== $url ) ) {
		add_settings_error( PAGE, 'url', __( 'The server is an address such as https://moderator.example.org, without a query.', 'moderator' ) );
		$url = $saved['url'];
	}
	$key = '' === $text( 'key' ) ? $saved['key'] : $text( 'key' ); // an empty field keeps what is saved, as it is not shown.
	if ( '' !== $key && ! preg_match( '/^[\x21-\x7e]+$/D', $key ) ) {
		add_settings_error( PAGE, 'key', __( 'The key is one word that begins with mk_, as “moderator sites add” prints it.', 'moderator' ) );
		$key = $saved['key'];
	}
	$secrets = secrets_in( $text( 'secrets' ) );
	if ( $secrets !== array_filter( $secrets, __NAMESPACE__ . '\\secret_bytes' ) ) {
		add_settings_error( PAGE, 'secrets', __( 'A callback secret is whsec_ and the base64 text after it.', 'moderator' ) );
		$secrets = array();
	}
	return array(
		'url'     => $url,
		'key'     => $key,
		'secrets' => $secrets ? implode( ' ', $secrets ) : $saved['secrets'],
		'publish' => ! empty( $sent['publish'] ),
	);
}

/** After a change, what waits is tried at once. */
function try_again(): void {
	delete_transient( RESTS );
	settle_within( 0 );
}

/** The field of the server's address. */
function show_url(): void {
	printf(
		'<input type="url" class="regular-text code" id="moderator_url" name="%s[url]" value="%s" placeholder="https://moderator.example.org" %s>',
		esc_attr( SETTINGS ),
		esc_attr( setting( 'url' ) ),
		disabled( is_constant( 'url' ), true, false )
	);
	show_help( 'url', __( 'Where this blog reaches your moderator server.', 'moderator' ) );
}

/** The field of the key. */
function show_key(): void {
	show_hidden( 'key', __( 'Printed once by “moderator sites add” or at the first start.', 'moderator' ) );
}

/** The field of the callback secret. */
function show_secrets(): void {
	/* translators: %s: this blog's callback address */
	$help = __( 'Moderators’ verdicts come to %s, signed with this secret. While you change it, give the new and the old one, with a space between them.', 'moderator' );
	show_hidden( 'secrets', sprintf( $help, callback_address() ) );
}

/**
 * A field whose value is not shown: only its beginning and end.
 *
 * @param string $name The setting.
 * @param string $help A sentence.
 */
function show_hidden( string $name, string $help ): void {
	printf(
		'<input type="password" class="regular-text code" id="moderator_%1$s" name="%2$s[%1$s]" value="" placeholder="%3$s" autocomplete="off" spellcheck="false" %4$s>',
		esc_attr( $name ),
		esc_attr( SETTINGS ),
		esc_attr( masked( setting( $name ) ) ),
		disabled( is_constant( $name ), true, false )
	);
	$saved = '' === setting( $name ) ? '' : ' ' . __( 'Leave it empty to keep the one that is saved.', 'moderator' );
	show_help( $name, $help . $saved );
}

/**
 * A secret as it may be shown.
 *
 * @param string $secret The secret, or several.
 */
function masked( string $secret ): string {
	if ( strlen( $secret ) < 20 ) {
		return '' === $secret ? '' : '…'; // not one of the server's, and its end may be most of it.
	}
	return substr( $secret, 0, strcspn( $secret, '_' ) + 1 ) . '…' . substr( $secret, -4 );
}

/** The choice of what an approval does. */
function show_publish(): void {
	printf(
		'<label><input type="checkbox" name="%s[publish]" value="1" %s> %s</label>',
		esc_attr( SETTINGS ),
		checked( (bool) setting( 'publish' ), true, false ),
		esc_html__( 'publish at once, whatever this blog’s own discussion settings say', 'moderator' )
	);
	show_help( 'publish', __( 'Otherwise they still count: “manually approved”, “a previously approved comment”, links.', 'moderator' ) );
}

/**
 * The sentence under a field.
 *
 * @param string $name The setting.
 * @param string $help The sentence.
 */
function show_help( string $name, string $help ): void {
	if ( is_constant( $name ) ) {
		/* translators: %s: the name of a constant */
		$help .= ' ' . sprintf( __( '%s in wp-config.php says it.', 'moderator' ), CONSTANTS[ $name ] );
	}
	echo '<p class="description">', esc_html( $help ), '</p>';
}
