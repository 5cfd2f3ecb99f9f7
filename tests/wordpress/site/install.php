<?php
/**
 * Sets up a WordPress that has its files and its wp-config.php: tables, a person who moderates, one post, plugins.
 * Called as: php install.php FOLDER ADDRESS PASSWORD [PLUGIN FILE …]
 */

list( , $folder, $address, $password ) = $argv;
$_SERVER['HTTP_HOST'] = wp_host( $address );
define( 'WP_INSTALLING', true );
require "$folder/wp-load.php";
require ABSPATH . 'wp-admin/includes/upgrade.php';

function wp_host( string $address ): string {
	return preg_replace( '#^http://#', '', $address );
}

wp_install( 'A blog', 'ann', 'ann@example.org', true, '', $password );
foreach ( array( 'siteurl', 'home' ) as $name ) {
	update_option( $name, $address );
}
update_option( 'comment_previously_approved', '' ); // as a blog that lets its filter decide has it.
wp_update_post( array( 'ID' => 1, 'post_title' => 'Russia’s mission in Syria', 'post_content' => 'A long post on a mission and its end.' ) );
foreach ( array_slice( $argv, 4 ) as $plugin ) {
	$failed = activate_plugin( $plugin );
	if ( is_wp_error( $failed ) ) {
		fwrite( STDERR, $failed->get_error_message() );
		exit( 1 );
	}
}
