<?php
/**
 * What a test changes of WordPress, as a must-use plugin: nothing is mailed, comments may come fast, and
 * visitors may use the REST API.
 */

function wp_mail( $to, $subject ) {
	error_log( "mail to $to: $subject" );
	return true;
}

remove_action( 'check_comment_flood', 'check_comment_flood_db' );
add_filter( 'rest_allow_anonymous_comments', '__return_true' );
