<?php
// Places one order with Lifeboat so that it is there exactly once, whatever happens to the line in between.
//
//     php place_order.php URL KEY [TIMEOUT [DEADLINE [FIRST_WAIT]]] < order.json
//
// Prints {"outcome":"accepted","order_number":…}, "refused" with the code, or "unknown" when the deadline has passed:
// then the order may be there; send it again later under the same client_order_id. Exit status 0, 1 and 3. PHP 7.4, no packages.

const LONGEST_WAIT = 30.0;
const TRY_AGAIN = [408, 409, 425, 429]; // and every 5xx; 409 is "the same request is still under way"

/** Returns [status, Retry-After, body]; the status is null if nobody knows what became of the request. */
function call(string $method, string $url, string $key, float $timeout, ?string $body = null, ?string $orderId = null): array
{
    $headers = ["Authorization: Bearer $key", 'Content-Type: application/json', 'Connection: close'];
    if ($orderId !== null) {
        $headers[] = "Idempotency-Key: $orderId"; // the same at every try: that is what makes a retry harmless
    }
    $context = stream_context_create(['http' => [
        'method' => $method, 'header' => $headers, 'content' => $body ?? '', 'timeout' => $timeout,
        'ignore_errors' => true, 'protocol_version' => 1.1,
        'follow_location' => 0, // a redirect would take the key wherever it points
    ]]);
    $stream = @fopen($url, 'r', false, $context);
    if ($stream === false) {
        return [null, '', '']; // refused, timed out, cut: unknown, never "not taken"
    }
    $lines = stream_get_meta_data($stream)['wrapper_data'] ?? [];
    $answer = stream_get_contents($stream);
    fclose($stream);
    $status = null;
    $retryAfter = '';
    foreach ($lines as $line) {
        if (preg_match('{^HTTP/\S+ (\d{3})}', $line, $found)) {
            $status = (int) $found[1];
        } elseif (preg_match('{^Retry-After:\s*(.*)$}i', $line, $found)) {
            $retryAfter = trim($found[1]);
        }
    }
    return [$status, $retryAfter, (string) $answer];
}

function said(string $body): array
{
    $found = json_decode($body, true);
    return is_array($found) ? $found : [];
}

/** Returns the seconds that the server asks for: a number, or a date. */
function retry_after(string $text): float
{
    if (preg_match('/^\d+$/', $text)) {
        return (float) $text;
    }
    $at = $text === '' ? false : strtotime($text);
    return $at === false ? 0.0 : max(0.0, $at - microtime(true));
}

/** Returns the number of the order if the server has it; null if it has not, or cannot say. */
function is_there(string $url, string $key, float $timeout, string $orderId): ?string
{
    [$status, , $body] = call('GET', "$url/v1/orders?client_order_id=" . rawurlencode($orderId), $key, $timeout);
    return $status === 200 ? (said($body)['items'][0]['order_number'] ?? null) : null;
}

function place(string $url, string $key, string $order, string $orderId, float $timeout, float $deadline, float $firstWait): array
{
    $ends = microtime(true) + $deadline;
    for ($tries = 0; ; $tries++) {
        // Every try sends the same bytes.
        [$status, $retryAfter, $body] = call('POST', "$url/v1/orders", $key, $timeout, $order, $orderId);
        $number = $status === 200 || $status === 201 ? (said($body)['order_number'] ?? null) : null;
        if ($number === null && ($status === null || $status < 300)) { // no answer, or half of one
            $number = is_there($url, $key, $timeout, $orderId);
        }
        if ($number !== null) {
            return ['outcome' => 'accepted', 'order_number' => $number];
        }
        if ($status !== null && $status >= 300 && $status < 500 && !in_array($status, TRY_AGAIN, true)) {
            // 422 too: fields are wrong, or (idempotency_conflict) the number is another order's: a person must look.
            return ['outcome' => 'refused', 'status' => $status, 'code' => said($body)['code'] ?? ''];
        }
        $jittered = mt_rand() / mt_getrandmax() * min(LONGEST_WAIT, $firstWait * 2 ** $tries);
        $wait = retry_after($retryAfter) + $jittered; // never before Retry-After, and not all at once after it
        if (microtime(true) + $wait > $ends) {
            return ['outcome' => 'unknown', 'client_order_id' => $orderId];
        }
        usleep((int) ceil($wait * 1e6));
    }
}

$order = stream_get_contents(STDIN);
$orderId = (string) (said($order)['client_order_id'] ?? '');
if (!preg_match('/^[A-Za-z0-9_.:\-]{1,128}$/D', $orderId)) {
    fwrite(STDERR, "client_order_id is missing, or cannot be an Idempotency-Key: a retry would be a second order\n");
    exit(1);
}
[, $url, $key] = $argv;
$numbers = array_map('floatval', array_slice($argv, 3)) + [10.0, 120.0, 0.5];
$done = place(rtrim($url, '/'), $key, $order, $orderId, $numbers[0], $numbers[1], $numbers[2]);
echo json_encode($done), "\n";
exit(['accepted' => 0, 'refused' => 1][$done['outcome']] ?? 3);
