<?php
/**
 * Signatures of Standard Webhooks 1.0.0 (standardwebhooks.com), symmetric ones.
 *
 * @package Moderator
 */

namespace Moderator;

defined( 'ABSPATH' ) || exit;

const SECONDS_OF_TOLERANCE = 300; // as the specification's own libraries have it.

/**
 * Whether one of the secrets signed this, a moment ago.
 *
 * @param string[] $secrets    As whsec_… (several while they are changed).
 * @param string   $id         The header webhook-id.
 * @param string   $timestamp  The header webhook-timestamp, in Unix seconds.
 * @param string   $signatures The header webhook-signature: v1,<base64> …
 * @param string   $body       The body, byte for byte.
 * @param int      $now        The time.
 */
function is_signed( array $secrets, string $id, string $timestamp, string $signatures, string $body, int $now ): bool {
	if ( '' === $id || ! preg_match( '/^[0-9]{1,12}$/D', $timestamp ) || abs( $now - (int) $timestamp ) > SECONDS_OF_TOLERANCE ) {
		return false;
	}
	$fits = false;
	foreach ( $secrets as $secret ) {
		$bytes = secret_bytes( $secret );
		if ( '' === $bytes ) {
			continue;
		}
		$expected = 'v1,' . base64_encode( hash_hmac( 'sha256', "$id.$timestamp.$body", $bytes, true ) ); // phpcs:ignore
		foreach ( explode( ' ', $signatures ) as $signature ) {
			$fits = hash_equals( $expected, $signature ) || $fits;
		}
	}
	return $fits;
}

/**
 * The bytes of a secret, "" where it is none.
 *
 * @param string $secret As whsec_ and base64 of 24 to 64 bytes.
 */
function secret_bytes( string $secret ): string {
	$bytes = base64_decode( preg_replace( '/^whsec_/', '', $secret ), true ); // phpcs:ignore
	return is_string( $bytes ) && strlen( $bytes ) >= 24 && strlen( $bytes ) <= 64 ? $bytes : '';
}

/**
 * Secrets as the settings have them.
 *
 * @param string $text One or several, between white space.
 * @return string[]
 */
function secrets_in( string $text ): array {
	return preg_split( '/\s+/', $text, -1, PREG_SPLIT_NO_EMPTY );
}
