// A partner's day, through the client that @hey-api/openapi-ts generates.
//
//     node flow.js BASE_URL API_KEY CUSTOMER_NUMBER
//
// Prints what it has seen as JSON: the same as the flows in the other languages.

import { createClient } from "./generated/client";
import * as openApi from "./generated/sdk.gen";
import type { ErrorResponse } from "./generated/types.gen";

declare const process: { argv: string[] };

/** What was answered, which has to be no error. */
function given<Answer extends { data?: unknown; error?: ErrorResponse }>(answer: Answer) {
  if (answer.data === undefined) throw new Error(answer.error?.errorMessage ?? "no answer");
  return answer.data as Exclude<Answer["data"], undefined>;
}

/** Status, code and message of what has to be an error. */
function error(answer: { error?: ErrorResponse; response: Response }) {
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
  const client = createClient({ baseUrl, auth: apiKey });
  const stranger = createClient({ baseUrl, auth: "not-a-key" });

  const classSlices = await slices(async (offset) =>
    given(await openApi.getActiveClasses({ client, query: { offset, sliceSize: 10 } })));
  const classes = classSlices.flatMap((slice) => slice.result);
  const yoga = classes.find((each) => each.title === "Yoga");
  if (!yoga) throw new Error("there is no yoga");
  const slotSlices = await slices(async (offset) =>
    given(await openApi.getClassSlots({
      client, path: { classId: yoga.id }, query: { offset, sliceSize: 10 },
    })));
  const slots = slotSlices.flatMap((slice) => slice.result);
  const slot = slots.find((each) =>
    (each.bookedParticipants ?? 0) + each.additionalParticipants < (each.maxParticipants ?? Infinity));
  if (!slot) throw new Error("there is no seat");
  const customer = given(await openApi.getCustomerBy({ client, query: { customerNumber } }));

  const body = { customerId: customer.id, classSlotId: slot.id };
  const validated = given(await openApi.validateClassSlot({ client, body }));
  const book = (headers: { "Idempotency-Key"?: string; "Accept-Language"?: string }) =>
    openApi.bookClassSlot({ client, body, headers });
  const booked = given(await book({ "Idempotency-Key": `flow-${customer.id}` }));
  const again = given(await book({ "Idempotency-Key": `flow-${customer.id}` }));
  const refused = await book({ "Accept-Language": "en" });
  const listed = given(
    await openApi.getClassBookingsByCustomerId({ client, query: { customerId: customer.id } }));
  const path = { bookingId: booked.bookingId };
  const cancelled = await openApi.cancelClassSlotById({ client, path });
  const left = given(await openApi.getClassBookingById({ client, path }));

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
    unknown: error(await openApi.getClassById({ client, path: { classId: 1 } })),
    stranger: error(await openApi.getActiveClasses({ client: stranger })),
  }));
}

void main(...process.argv.slice(2));
