// A partner's day, through openapi-fetch and the types that openapi-typescript generates.
//
//     node flow.js BASE_URL API_KEY CUSTOMER_NUMBER
//
// Prints what it has seen as JSON: the same as the flows in the other languages.

import createClient from "openapi-fetch";

import type { components, paths } from "./generated";

type Schemas = components["schemas"];

declare const process: { argv: string[] };

/** What was answered, which has to be no error. */
function given<Answer extends { data?: unknown; error?: Schemas["ErrorResponse"] }>(answer: Answer) {
  if (answer.data === undefined) throw new Error(answer.error?.errorMessage ?? "no answer");
  return answer.data as Exclude<Answer["data"], undefined>;
}

/** Status, code and message of what has to be an error. */
function error(answer: { error?: Schemas["ErrorResponse"]; response: Response }) {
  if (answer.error === undefined) throw new Error(`${answer.response.url} was no error`);
  return [answer.response.status, answer.error.errorCode, answer.error.errorMessage];
}

/** Every slice of a list, by the offset that the one before gives. */
async function slices<Slice extends { hasNext: boolean; offset: string }>(get: (offset: string) => Promise<Slice>) {
  const found = [await get("0")];
  for (let last = found[0]; last?.hasNext; last = found.at(-1)) found.push(await get(last.offset));
  return found;
}

async function main(baseUrl = "", apiKey = "", customerNumber = ""): Promise<void> {
  const partner = (key: string) => createClient<paths>({ baseUrl, headers: { "X-API-KEY": key } });
  const client = partner(apiKey);
  const stranger = partner("not-a-key");

  const classSlices = await slices(async (offset) =>
    given(await client.GET("/v1/classes", { params: { query: { offset, sliceSize: 10 } } })));
  const classes = classSlices.flatMap((slice) => slice.result);
  const yoga = classes.find((each) => each.title === "Yoga");
  if (!yoga) throw new Error("there is no yoga");
  const slotSlices = await slices(async (offset) =>
    given(await client.GET("/v1/classes/{classId}/slots", {
      params: { path: { classId: yoga.id }, query: { offset, sliceSize: 10 } },
    })));
  const slots = slotSlices.flatMap((slice) => slice.result);
  const slot = slots.find((each) =>
    (each.bookedParticipants ?? 0) + each.additionalParticipants < (each.maxParticipants ?? Infinity));
  if (!slot) throw new Error("there is no seat");
  const customer = given(await client.GET("/v1/customers/by", { params: { query: { customerNumber } } }));

  const body: Schemas["ClassSlotBookingRequest"] = { customerId: customer.id, classSlotId: slot.id };
  const validated = given(await client.POST("/v1/classes/booking/validate", { body }));
  const book = (header: { "Idempotency-Key"?: string; "Accept-Language"?: string }) =>
    client.POST("/v1/classes/booking/book", { body, params: { header } });
  const booked = given(await book({ "Idempotency-Key": `flow-${customer.id}` }));
  const again = given(await book({ "Idempotency-Key": `flow-${customer.id}` }));
  const refused = await book({ "Accept-Language": "en" });
  const listed = given(
    await client.GET("/v1/classes/booking", { params: { query: { customerId: customer.id } } }));
  const path = { bookingId: booked.bookingId };
  const cancelled = await client.DELETE("/v1/classes/booking/{bookingId}", { params: { path } });
  const left = given(await client.GET("/v1/classes/booking/{bookingId}", { params: { path } }));

  console.log(JSON.stringify({
    classes: classes.map((each) => each.title),
    slices: classSlices.length,
    slots: slots.map((each) => each.startDateTime),
    customer: `${customer.firstName} ${customer.lastName}`,
    validated: validated.validationStatus,
    booked: booked.bookingStatus,
    repeated: again.bookingId === booked.bookingId,
    refused: error(refused),
    bookings: listed.map((each) => each.bookingStatus),
    cancelled: cancelled.response.status,
    left: left.bookingStatus,
    unknown: error(await client.GET("/v1/classes/{classId}", { params: { path: { classId: 1 } } })),
    stranger: error(await stranger.GET("/v1/classes")),
  }));
}

void main(...process.argv.slice(2));
