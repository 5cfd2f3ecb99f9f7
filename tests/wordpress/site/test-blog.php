<?php
/**
 * What a test changes of WordPress, as a must-use plugin: nothing is mailed, and comments may come fast.
 */

function wp_mail( $to, $subject ) {
	error_log( "mail to $to: $subject" );
	return true;
}

// check_comment_flood_db() adds WordPress's own filter late.
add_filter( 'wp_is_comment_flood', '__return_false', 99 );
