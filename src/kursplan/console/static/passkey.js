/* Passkeys. Their forms are hidden until a browser can make them do something; the page works without. */
const able = window.PublicKeyCredential?.parseRequestOptionsFromJSON && window.isSecureContext;

for (const form of able ? document.querySelectorAll("form[data-passkey]") : []) {
  form.hidden = false;
  for (const each of document.querySelectorAll("[data-with-passkey]")) each.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const asked = await fetch(form.dataset.passkey, {
        method: "POST",
        body: new URLSearchParams({ csrf: form.elements.csrf.value }),
      });
      // Asked to show who one is, or to wait: the page itself says so.
      if (!asked.ok || asked.redirected) return form.submit();
      const options = await asked.json();
      const made =
        form.dataset.does === "create"
          ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
          : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.elements.credential.value = JSON.stringify(made.toJSON());
      form.submit();
    } catch (reason) {
      // Whoever thinks better of it, or has none here, stays where they are.
      if (!["AbortError", "NotAllowedError", "InvalidStateError"].includes(reason.name)) throw reason;
      button.disabled = false;
    }
  });
}
