<?php
/**
 * Adds a reader, who may only read. Called as: php reader.php FOLDER LOGIN PASSWORD
 */

$_SERVER['HTTP_HOST'] = 'localhost';
require $argv[1] . '/wp-load.php';
wp_create_user( $argv[2], $argv[3], $argv[2] . '@example.org' );
