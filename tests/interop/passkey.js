// A real browser makes a passkey and logs in by it: Chromium with a virtual authenticator, through the JSON forms of WebAuthn
// level 3 that a console's page uses.

const { chromium } = require("playwright-core");

const { SAMBAC_URL, SAMBAC_INVITATION, CHROMIUM } = process.env;
const SITE = SAMBAC_URL.replace("127.0.0.1", "localhost");
const PASSWORD = "correct horse battery";

async function post(path, body, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(SITE + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const create = async (options) => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return (await navigator.credentials.create({ publicKey })).toJSON();
};

const get = async (options) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({ publicKey })).toJSON();
};

async function main() {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    await page.goto(`${SITE}/docs`);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    const device = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true };
    await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: { ...device, isUserVerified: true, automaticPresenceSimulation: true },
    });

    const chosen = { token: SAMBAC_INVITATION, password: PASSWORD, login: "ada@sms.example", name: "Ada" };
    const { token } = await post("/v1/invitations/redeem", chosen);
    const making = await post("/v1/passkeys/challenge", { password: PASSWORD }, token);
    const made = await page.evaluate(create, making.options);
    const passkey = await post("/v1/passkeys", { ceremony: making.ceremony, name: "Chromium", credential: made }, token);

    const asked = await post("/v1/session/passkey/challenge", {});
    const shown = await page.evaluate(get, asked.options);
    const session = await post("/v1/session/passkey", { ceremony: asked.ceremony, credential: shown });
    console.log(JSON.stringify({ passkey: passkey.name, login: session.login, second_factor: session.second_factor }));
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
