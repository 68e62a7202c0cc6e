import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

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
        var classes = each(classSlices, "\\{\"id\":\\d+,\"title\":\"[^\"]*\"");
        var yoga = classes.stream().filter(each -> text(each, "title").equals("Yoga")).findFirst().orElseThrow();
        var slotSlices = partner.slices("/v1/classes/" + number(yoga, "id") + "/slots");
        var slots = each(slotSlices, "\\{\"id\":\\d+,\"startDateTime\".*?\"waitingListParticipants\":\\d+");
        var slot = slots.stream().filter(Flow::hasSeat).findFirst().orElseThrow();
        var customer = partner.get("/v1/customers/by?customerNumber=" + arguments[2]).body();

        var body = "{\"customerId\":" + number(customer, "id") + ",\"classSlotId\":" + number(slot, "id") + "}";
        var validated = partner.post("/v1/classes/booking/validate", body).body();
        var key = "flow-" + number(customer, "id");
        var booked = partner.post("/v1/classes/booking/book", body, "Idempotency-Key", key).body();
        var again = partner.post("/v1/classes/booking/book", body, "Idempotency-Key", key).body();
        var refused = partner.post("/v1/classes/booking/book", body, "Accept-Language", "en");
        var listed = partner.get("/v1/classes/booking?customerId=" + number(customer, "id")).body();
        var booking = "/v1/classes/booking/" + number(booked, "bookingId");
        var cancelled = partner.send(partner.request(booking).DELETE());
        var left = partner.get(booking).body();

        System.out.println("{" + String.join(", ",
            "\"classes\": " + array(classes.stream().map(each -> quoted(text(each, "title"))).toList()),
            "\"slices\": " + classSlices.size(),
            "\"slots\": " + array(slots.stream().map(each -> quoted(text(each, "startDateTime"))).toList()),
            "\"customer\": " + quoted(text(customer, "firstName") + " " + text(customer, "lastName")),
            "\"validated\": " + quoted(text(validated, "validationStatus")),
            "\"booked\": " + quoted(text(booked, "bookingStatus")),
            "\"repeated\": " + number(booked, "bookingId").equals(number(again, "bookingId")),
            "\"refused\": " + error(refused),
            "\"bookings\": " + array(each(List.of(listed), "\"bookingStatus\":\"[^\"]*\"").stream().map(each -> quoted(text(each, "bookingStatus"))).toList()),
            "\"cancelled\": " + cancelled.statusCode(),
            "\"left\": " + quoted(text(left, "bookingStatus")),
            "\"unknown\": " + error(partner.get("/v1/classes/1")),
            "\"stranger\": " + error(stranger.get("/v1/classes"))
        ) + "}");
    }

    /** Every slice of a list, by the offset that the one before gives. */
    private List<String> slices(String path) throws IOException, InterruptedException {
        var found = new ArrayList<String>();
        var offset = "0";
        do {
            found.add(get(path + "?sliceSize=10&offset=" + offset).body());
            offset = text(found.get(found.size() - 1), "offset");
        } while (found.get(found.size() - 1).contains("\"hasNext\":true"));
        return found;
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return send(request(path));
    }

    private HttpResponse<String> post(String path, String body, String... headers) throws IOException, InterruptedException {
        var request = request(path).header("Content-Type", "application/json").POST(BodyPublishers.ofString(body));
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(baseUrl + path)).header("X-API-KEY", apiKey);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return HTTP.send(request.build(), BodyHandlers.ofString());
    }

    private static String error(HttpResponse<String> answer) {
        return "[" + answer.statusCode() + ", " + quoted(text(answer.body(), "errorCode")) + ", " + quoted(text(answer.body(), "errorMessage")) + "]";
    }

    private static boolean hasSeat(String slot) {
        var taken = Long.parseLong(number(slot, "bookedParticipants")) + Long.parseLong(number(slot, "additionalParticipants"));
        return taken < Long.parseLong(number(slot, "maxParticipants"));
    }

    private static List<String> each(List<String> bodies, String pattern) {
        return bodies.stream().flatMap(body -> Pattern.compile(pattern).matcher(body).results()).map(found -> found.group()).toList();
    }

    private static String text(String json, String member) {
        return first(json, "\"" + member + "\":\"([^\"]*)\"");
    }

    private static String number(String json, String member) {
        return first(json, "\"" + member + "\":(\\d+)");
    }

    private static String first(String json, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(json);
        if (!matcher.find()) {
            throw new IllegalStateException("there is no " + pattern + " in " + json);
        }
        return matcher.group(1);
    }

    private static String quoted(String text) {
        return "\"" + text + "\"";
    }

    private static String array(List<String> values) {
        return values.stream().collect(Collectors.joining(", ", "[", "]"));
    }
}
