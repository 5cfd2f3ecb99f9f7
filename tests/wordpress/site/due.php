<?php
/**
 * Lets time pass for cron: the events of the named hooks are due now. Called as: php due.php FOLDER HOOK …
 */

$_SERVER['HTTP_HOST'] = 'localhost';
require $argv[1] . '/wp-load.php';

foreach ( _get_cron_array() as $at => $hooks ) {
	foreach ( array_intersect_key( $hooks, array_flip( array_slice( $argv, 2 ) ) ) as $hook => $events ) {
		foreach ( $events as $event ) {
			wp_unschedule_event( $at, $hook, $event['args'] );
			wp_schedule_single_event( time() - 1, $hook, $event['args'] );
		}
	}
}
