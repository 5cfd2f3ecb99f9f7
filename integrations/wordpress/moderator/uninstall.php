<?php
/**
 * Nothing of this plugin stays when it is deleted. The comments themselves stay as they are.
 *
 * @package Moderator
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

( static function () {
	global $wpdb;
	$blogs = is_multisite() ? get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) : array( get_current_blog_id() ); // phpcs:ignore
	foreach ( $blogs as $blog ) {
		if ( is_multisite() ) {
			switch_to_blog( $blog );
		}
		wp_clear_scheduled_hook( 'moderator_settle' );
		foreach ( array( 'moderator_settings', 'moderator_state', 'moderator_heard' ) as $option ) {
			delete_option( $option );
		}
		delete_transient( 'moderator_rests' );
		foreach ( array( '_moderator_ref', '_moderator_answer', '_moderator_waiting', '_moderator_report', '_moderator_gone' ) as $key ) {
			delete_metadata( 'comment', 0, $key, '', true );
		}
		if ( is_multisite() ) {
			restore_current_blog();
		}
	}
} )();
