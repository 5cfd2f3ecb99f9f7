<?php
/**
 * Plugin Name:       Moderator
 * Description:       Asks a moderator server of your own about each new comment; what it holds, and what moderators decide there, is carried out here.
 * Version:           0.1.0
 * Requires at least: 6.1
 * Requires PHP:      7.4
 * Author:            the moderator project
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain:       moderator
 * Domain Path:       /languages
 *
 * The route of a comment, and the order in which to read includes/:
 * settings, client (HTTP), wire (a comment as JSON), record (what is kept of an answer), intake (a new comment),
 * report (what people do here), settle (what waits, by cron), signature and callback (what moderators do there),
 * column, fields and admin (what people see).
 *
 * @package Moderator
 */

namespace Moderator;

defined( 'ABSPATH' ) || exit;

const VERSION = '0.1.0';

foreach ( array( 'settings', 'client', 'wire', 'record', 'intake', 'report', 'settle', 'signature', 'callback' ) as $moderator_part ) {
	require __DIR__ . "/includes/$moderator_part.php";
}
if ( is_admin() ) {
	require __DIR__ . '/includes/column.php';
	require __DIR__ . '/includes/fields.php';
	require __DIR__ . '/includes/admin.php';
}
unset( $moderator_part );

add_action(
	'init',
	static function () {
		load_plugin_textdomain( 'moderator', false, dirname( plugin_basename( __FILE__ ) ) . '/languages' );
	}
);

// What waited when the plugin was switched off goes on when it is switched on again.
register_activation_hook(
	__FILE__,
	static function () {
		settle_within( 0 );
	}
);
register_deactivation_hook(
	__FILE__,
	static function () {
		wp_clear_scheduled_hook( SETTLE );
	}
);
