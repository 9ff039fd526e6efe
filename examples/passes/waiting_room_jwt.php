<?php

declare(strict_types=1);

require_once __DIR__ . '/waiting_room_pass.php';  // for WaitingRoomRefusal, and for both formats while a room changes over

/**
 * Verifies passes of the waiting room that are JSON Web Tokens offline, without any dependency. PHP 8.0 and later, with
 * the extensions openssl (ES256) and sodium (EdDSA).
 *
 *     $jwks = json_decode(file_get_contents('waiting-room-jwks.json'), true);   // kept from /waiting-room/.well-known/jwks.json
 *     $passes = new WaitingRoomJwts('spring-sale', $jwks);
 *     $pass = $passes->verify($_COOKIE['wr_pass_spring-sale'] ?? '', (int) (microtime(true) * 1000));
 *
 * A pass that is good tells who may shop, with which seat, and until when. It cannot tell that a seat was given back
 * early or taken away: only the service knows that, or a gate that reports to it.
 */
final class WaitingRoomJwts
{
    private const LONGEST = 2048;
    private const CURVES = ['OKP Ed25519' => 'EdDSA', 'EC P-256' => 'ES256'];
    private const TEXTS = ['lane', 'seat'];
    private const NUMBERS = ['number', 'issued_ms', 'hard_end_ms'];
    /** What stands before the point of a P-256 key in DER (RFC 5480). */
    private const P256 = "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04";

    /** @var array<string, array{string, string}> by key id: the one algorithm it is for, and the key */
    private array $keys = [];

    /** @param array{keys: list<array<string, string>>} $jwks the published key set */
    public function __construct(private string $room, array $jwks, private string $issuer = 'waiting-room')
    {
        foreach ($jwks['keys'] as $jwk) {
            $algorithm = self::CURVES[($jwk['kty'] ?? '') . ' ' . ($jwk['crv'] ?? '')] ?? null;
            if ($algorithm !== null) {
                $key = self::bytes($jwk['x']) . (isset($jwk['y']) ? self::bytes($jwk['y']) : '');
                $this->keys[$jwk['kid']] = [$algorithm, $key];
            }
        }
    }

    /**
     * Returns the pass that $text proves at $nowMs, or throws WaitingRoomRefusal with a reason.
     *
     * @return array{lane: string, number: int, visitor: string, seat: string, issued_ms: int, hard_end_ms: int}
     */
    public function verify(string $text, int $nowMs): array
    {
        if (strlen($text) > self::LONGEST || !preg_match('/^([\w-]+)\.([\w-]+)\.([\w-]+)$/D', $text, $parts)) {
            throw new WaitingRoomRefusal('pass_invalid');
        }
        $this->checkSignature(self::json($parts[1]), "$parts[1].$parts[2]", self::bytes($parts[3]));
        $claims = self::json($parts[2]);
        $ours = $claims['waiting_room'] ?? null;
        $good = ($claims['iss'] ?? null) === $this->issuer && ($claims['aud'] ?? null) === $this->room
            && is_string($claims['sub'] ?? null) && is_int($claims['exp'] ?? null)
            && is_int($claims['nbf'] ?? 0) && is_array($ours);
        foreach (self::TEXTS as $name) {
            $good = $good && is_string($ours[$name] ?? null);
        }
        foreach (self::NUMBERS as $name) {
            $good = $good && is_int($ours[$name] ?? null);
        }
        if (!$good || intdiv($ours['hard_end_ms'], 1000) !== $claims['exp'] || ($claims['nbf'] ?? 0) * 1000 > $nowMs) {
            throw new WaitingRoomRefusal('pass_invalid');
        }
        if ($ours['hard_end_ms'] <= $nowMs) {
            throw new WaitingRoomRefusal('pass_expired');
        }
        return [
            'lane' => $ours['lane'],
            'number' => $ours['number'],
            'visitor' => $claims['sub'],
            'seat' => $ours['seat'],
            'issued_ms' => $ours['issued_ms'],
            'hard_end_ms' => $ours['hard_end_ms'],
        ];
    }

    /** @param array<string, mixed> $header */
    private function checkSignature(array $header, string $signed, string $signature): void
    {
        ksort($header);  // nothing but these three: no critical extension, no key that comes along
        [$algorithm, $key] = $this->keys[is_string($header['kid'] ?? null) ? $header['kid'] : ''] ?? ['', ''];
        $known = array_keys($header) === ['alg', 'kid', 'typ'] && $header['typ'] === 'wr-pass+jwt';
        // The key says by which algorithm; the token may only agree.
        if (!$known || $algorithm === '' || $header['alg'] !== $algorithm || strlen($signature) !== 64) {
            throw new WaitingRoomRefusal('pass_invalid');
        }
        $good = $algorithm === 'EdDSA'
            ? sodium_crypto_sign_verify_detached($signature, $signed, $key)
            : openssl_verify($signed, self::der($signature), self::pem($key), OPENSSL_ALGO_SHA256) === 1;
        if (!$good) {
            throw new WaitingRoomRefusal('pass_invalid');
        }
    }

    private static function pem(string $point): string
    {
        $der = chunk_split(base64_encode(self::P256 . $point), 64, "\n");
        return "-----BEGIN PUBLIC KEY-----\n$der-----END PUBLIC KEY-----\n";
    }

    /** Two numbers of 32 bytes as DER, which is what OpenSSL reads. */
    private static function der(string $signature): string
    {
        $numbers = '';
        foreach (str_split($signature, 32) as $number) {
            $number = ltrim($number, "\0");
            $number = ($number === '' || ord($number[0]) > 127 ? "\0" : '') . $number;
            $numbers .= "\x02" . chr(strlen($number)) . $number;
        }
        return "\x30" . chr(strlen($numbers)) . $numbers;
    }

    /** @return array<string, mixed> */
    private static function json(string $text): array
    {
        $found = json_decode(self::bytes($text), true);
        return is_array($found) ? $found : throw new WaitingRoomRefusal('pass_invalid');
    }

    /** The bytes of base64url without padding, in its one right spelling. */
    private static function bytes(string $text): string
    {
        $bytes = base64_decode(strtr($text, '-_', '+/'), true);
        if ($bytes === false || rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=') !== $text) {
            throw new WaitingRoomRefusal('pass_invalid');
        }
        return $bytes;
    }
}
