<?php
/**
 * What a test changes of WordPress, as a must-use plugin: nothing is mailed, and comments may come fast.
 */

function wp_mail( $to, $subject ) {
	error_log( "mail to $to: $subject" );
	return true;
}

remove_action( 'check_comment_flood', 'check_comment_flood_db' );
