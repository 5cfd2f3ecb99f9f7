<?php
/**
 * Deletes a plugin as the list of plugins does. Called as: php uninstall.php FOLDER PLUGIN
 */

$_SERVER['HTTP_HOST'] = 'localhost';
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';
require_once ABSPATH . 'wp-admin/includes/file.php';
deactivate_plugins( $argv[2] );
$done = delete_plugins( array( $argv[2] ) );
exit( true === $done ? 0 : 1 );
