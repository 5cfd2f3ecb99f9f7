<?php
/**
 * What the blog's owner has set: in wp-config.php (a constant wins), or on the settings page.
 *
 * @package Moderator
 */

namespace Moderator;

defined( 'ABSPATH' ) || exit;

const SETTINGS  = 'moderator_settings';
const DEFAULTS  = array(
	'url'     => '',    // Where the server is: https://moderator.example.org.
	'key'     => '',    // This site's API key, mk_…
	'secrets' => '',    // What the server signs its callbacks with: one or several whsec_…, between spaces.
	'publish' => false, // Whether its "approve" publishes at once, or this blog's own discussion settings still count.
);
const CONSTANTS = array(
	'url'     => 'MODERATOR_URL',
	'key'     => 'MODERATOR_KEY',
	'secrets' => 'MODERATOR_SECRETS',
);

/**
 * One setting.
 *
 * @param string $name A key of DEFAULTS.
 * @return string|bool
 */
function setting( string $name ) {
	if ( is_constant( $name ) ) {
		return (string) constant( CONSTANTS[ $name ] );
	}
	$saved = get_option( SETTINGS );
	return ( is_array( $saved ) ? $saved : array() )[ $name ] ?? DEFAULTS[ $name ];
}

/**
 * Whether wp-config.php says it, so that the page cannot change it.
 *
 * @param string $name A key of DEFAULTS.
 */
function is_constant( string $name ): bool {
	return isset( CONSTANTS[ $name ] ) && defined( CONSTANTS[ $name ] );
}

/** Whether there is a server to ask. Without one, comments go the way that they go without this plugin. */
function is_set_up(): bool {
	return '' !== setting( 'url' ) && '' !== setting( 'key' );
}

/** Where the server tells us what moderators decide. */
function callback_address(): string {
	return get_rest_url( null, CALLBACK_ROUTE . CALLBACK_PATH );
}
