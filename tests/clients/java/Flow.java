import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A partner's day, through Java's own HTTP client as it is when nobody sets anything: over plain http it offers to
 * go on in HTTP/2 with its requests, also with those that have a body.
 *
 * <pre>java Flow.java BASE_URL API_KEY CUSTOMER_NUMBER</pre>
 *
 * Prints what it has seen as JSON: the same as the flows in the other languages. Java has no JSON of its own; the few
 * values that are needed are picked out of it.
 */
public class Flow {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final String baseUrl;
    private final String apiKey;

    private Flow(String baseUrl, String apiKey) {
        this.baseUrl = baseUrl;
        this.apiKey = apiKey;
    }

    public static void main(String[] arguments) throws Exception {
        var partner = new Flow(arguments[0], arguments[1]);
        var stranger = new Flow(arguments[0], "not-a-key");

        var classSlices = partner.slices("/v1/classes");
        var classes = elements(classSlices);
        var yoga = classes.stream().filter(each -> text("title", each).equals("Yoga")).findFirst().orElseThrow();
        var slots = elements(partner.slices("/v1/classes/" + number("id", yoga) + "/slots"));
        var slot = slots.stream().filter(Flow::hasSeat).findFirst().orElseThrow();
        var customer = partner.get("/v1/customers/by?customerNumber=" + arguments[2]).body();
        var customerId = number("id", customer);

        var both = "{\"customerId\":" + customerId + ",\"classSlotId\":" + number("id", slot) + "}";
        var validated = partner.post("/v1/classes/booking/validate", both).body();
        var key = "flow-" + customerId;
        var booked = partner.post("/v1/classes/booking/book", both, "Idempotency-Key", key).body();
        var again = partner.post("/v1/classes/booking/book", both, "Idempotency-Key", key).body();
        var refused = partner.post("/v1/classes/booking/book", both, "Accept-Language", "en");
        var listed = partner.get("/v1/classes/booking?customerId=" + customerId).body();
        var booking = "/v1/classes/booking/" + number("bookingId", booked);
        var cancelled = partner.send(partner.request(booking).DELETE());
        var left = partner.get(booking).body();

        System.out.println("{" + String.join(", ",
            "\"classes\": " + texts("title", classes),
            "\"slices\": " + classSlices.size(),
            "\"slots\": " + texts("startDateTime", slots),
            "\"customer\": " + quoted(text("firstName", customer) + " " + text("lastName", customer)),
            "\"validated\": " + quoted(text("validationStatus", validated)),
            "\"booked\": " + quoted(text("bookingStatus", booked)),
            "\"repeated\": " + number("bookingId", booked).equals(number("bookingId", again)),
            "\"refused\": " + error(refused),
            "\"bookings\": " + texts("bookingStatus", elements(List.of(listed))),
            "\"cancelled\": " + cancelled.statusCode(),
            "\"left\": " + quoted(text("bookingStatus", left)),
            "\"unknown\": " + error(partner.get("/v1/classes/1")),
            "\"stranger\": " + error(stranger.get("/v1/classes"))
        ) + "}");
    }

    /** Every slice of a list, by the offset that the one before gives. */
    private List<String> slices(String path) throws IOException, InterruptedException {
        var found = new ArrayList<String>();
        var offset = "0";
        String slice;
        do {
            slice = get(path + "?sliceSize=10&offset=" + offset).body();
            found.add(slice);
            offset = text("offset", slice);
        } while (slice.contains("\"hasNext\":true"));
        return found;
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return send(request(path));
    }

    private HttpResponse<String> post(String path, String body, String... header)
            throws IOException, InterruptedException {
        var request = request(path).header("Content-Type", "application/json").POST(BodyPublishers.ofString(body));
        return send(header.length == 0 ? request : request.headers(header));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(baseUrl + path)).header("X-API-KEY", apiKey);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return HTTP.send(request.build(), BodyHandlers.ofString());
    }

    private static boolean hasSeat(String slot) {
        var taken = number("bookedParticipants", slot) + number("additionalParticipants", slot);
        return taken < number("maxParticipants", slot);
    }

    /** Status, code and message of what has to be an error. */
    private static String error(HttpResponse<String> answer) {
        var code = quoted(text("errorCode", answer.body()));
        return "[" + answer.statusCode() + ", " + code + ", " + quoted(text("errorMessage", answer.body())) + "]";
    }

    /** The objects in the arrays that these bodies are or begin with, whatever is nested in them. */
    private static List<String> elements(List<String> bodies) {
        var found = new ArrayList<String>();
        for (var body : bodies) {
            int depth = 0;
            int begin = 0;
            for (int at = body.indexOf('['); at < body.length(); at++) {
                if (body.charAt(at) == '{' && depth++ == 0) {
                    begin = at;
                } else if (body.charAt(at) == '}' && --depth == 0) {
                    found.add(body.substring(begin, at + 1));
                }
            }
        }
        return found;
    }

    private static String texts(String member, List<String> parts) {
        return parts.stream().map(each -> quoted(text(member, each))).collect(joining(", ", "[", "]"));
    }

    private static String text(String member, String json) {
        return value("\"" + member + "\":\"([^\"]*)\"", json);
    }

    private static Long number(String member, String json) {
        return Long.valueOf(value("\"" + member + "\":(\\d+)", json));
    }

    private static String value(String pattern, String json) {
        var matcher = Pattern.compile(pattern).matcher(json);
        if (!matcher.find()) {
            throw new IllegalStateException("there is no " + pattern + " in " + json);
        }
        return matcher.group(1);
    }

    private static String quoted(String text) {
        return "\"" + text + "\"";
    }
}
