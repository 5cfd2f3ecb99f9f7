<?php
/**
 * Edits a comment as a plugin does that lets visitors edit theirs. Called as: php edit.php FOLDER ID TEXT
 */

$_SERVER['HTTP_HOST'] = 'localhost';
require $argv[1] . '/wp-load.php';
wp_update_comment( array( 'comment_ID' => (int) $argv[2], 'comment_content' => wp_slash( $argv[3] ) ) );
