// Places one order with Lifeboat so that it is there exactly once, whatever happens to the line in between.
//
//     java PlaceOrder.java URL KEY [TIMEOUT [DEADLINE [FIRST_WAIT]]] < order.json
//
// Prints {"outcome":"accepted","order_number":…}, "refused" with the code, or "unknown" when the deadline has passed:
// then the order may be there; send it again later under the same client_order_id. Exit status 0, 1 and 3. Java 11, no packages.

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class PlaceOrder {
    static final double LONGEST_WAIT = 30;
    // and every 5xx; 409 is "the same request is still under way"
    static final Set<Integer> TRY_AGAIN = Set.of(408, 409, 425, 429);

    final HttpClient http;
    final String url;
    final String key;
    final double timeout;

    PlaceOrder(String url, String key, double timeout) {
        this.url = url.replaceAll("/+$", "");
        this.key = key;
        this.timeout = timeout;
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER) // a redirect would take the key wherever it points
                .connectTimeout(seconds(timeout))
                .build();
    }

    /** Returns the answer; null if nobody knows what became of the request. */
    HttpResponse<String> call(String method, String path, String body, String orderId) throws InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path))
                .timeout(seconds(timeout))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (orderId != null) {
            request.header("Idempotency-Key", orderId); // the same at every try: that is what makes a retry harmless
        }
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
        } catch (IOException unknown) { // refused, timed out, cut: unknown, never "not taken"
            return null;
        }
    }

    /** Returns the number of the order if the server has it; null if it has not, or cannot say. */
    String isThere(String orderId) throws InterruptedException {
        String asked = "/v1/orders?client_order_id=" + URLEncoder.encode(orderId, StandardCharsets.UTF_8);
        HttpResponse<String> answer = call("GET", asked, null, null);
        return answer != null && answer.statusCode() == 200 ? field(answer.body(), "order_number") : null;
    }

    String place(String order, String orderId, double deadline, double firstWait) throws InterruptedException {
        long ends = System.nanoTime() + seconds(deadline).toNanos();
        for (int tries = 0; ; tries++) {
            HttpResponse<String> answer = call("POST", "/v1/orders", order, orderId); // every try sends the same bytes
            int status = answer == null ? 0 : answer.statusCode();
            String number = status == 200 || status == 201 ? field(answer.body(), "order_number") : null;
            if (number == null && status < 300) { // no answer, or half of one
                number = isThere(orderId);
            }
            if (number != null) {
                return "{\"outcome\":\"accepted\",\"order_number\":\"" + number + "\"}";
            }
            if (status >= 300 && status < 500 && !TRY_AGAIN.contains(status)) {
                // 422 too: fields are wrong, or (idempotency_conflict) the number is another order's: a person must look.
                String code = field(answer.body(), "code");
                return "{\"outcome\":\"refused\",\"status\":" + status + ",\"code\":\"" + (code == null ? "" : code) + "\"}";
            }
            double jittered = ThreadLocalRandom.current().nextDouble() * Math.min(LONGEST_WAIT, firstWait * Math.pow(2, tries));
            double wait = retryAfter(answer) + jittered; // never before Retry-After, and not all at once after it
            if (System.nanoTime() + seconds(wait).toNanos() > ends) {
                return "{\"outcome\":\"unknown\",\"client_order_id\":\"" + orderId + "\"}";
            }
            Thread.sleep((long) Math.ceil(wait * 1000) + 1);
        }
    }

    /** Returns the seconds that the server asks for: a number, or a date. */
    static double retryAfter(HttpResponse<String> answer) {
        String text = answer == null ? "" : answer.headers().firstValue("Retry-After").orElse("").trim();
        try {
            if (text.matches("\\d{1,9}")) {
                return Double.parseDouble(text);
            }
            Instant at = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
            return Math.max(0, Duration.between(Instant.now(), at).toMillis() / 1000.0);
        } catch (DateTimeParseException none) {
            return 0;
        }
    }

    /** Returns the first string of that name: all that is asked of JSON here. A program with a JSON library uses that. */
    static String field(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([A-Za-z0-9_.:-]*)\"").matcher(json);
        return found.find() ? found.group(1) : null;
    }

    static Duration seconds(double number) {
        return Duration.ofMillis((long) (number * 1000));
    }

    public static void main(String[] args) throws Exception {
        String order = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        String orderId = field(order, "client_order_id");
        if (orderId == null || !orderId.matches("[A-Za-z0-9_.:-]{1,128}")) {
            System.err.println("client_order_id is missing, or cannot be an Idempotency-Key: a retry would be a second order");
            System.exit(1);
        }
        double[] numbers = {10, 120, 0.5};
        for (int n = 2; n < args.length; n++) {
            numbers[n - 2] = Double.parseDouble(args[n]);
        }
        String done = new PlaceOrder(args[0], args[1], numbers[0]).place(order, orderId, numbers[1], numbers[2]);
        System.out.println(done);
        System.exit(done.contains("accepted") ? 0 : done.contains("refused") ? 1 : 3);
    }
}
