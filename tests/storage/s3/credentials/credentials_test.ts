import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  CredentialsError,
  type CredentialsOptions,
  findCredentials,
} from "../../../../lib/storage/s3/credentials/credentials.ts";
import type { Keys } from "../../../../lib/storage/s3/client/keys.ts";
import { withTempDir } from "../../../support/files.ts";
import { needsS3, withS3 } from "../../../support/s3.ts";
import { type Reply, type SeenRequest, withScript } from "../../../support/scripted_http.ts";

/** What a test's environment is: variables, and files below `.aws` in the home. */
interface Given {
  readonly variables?: Readonly<Record<string, string>>;
  readonly config?: string;
  readonly credentials?: string;
  readonly profile?: string;
}

/** Keys and the rest, found in what is given; the instance's endpoint is off unless it is given. */
async function find(given: Given, more: Partial<CredentialsOptions> = {}) {
  return await withTempDir(async (home) => {
    await Deno.mkdir(`${home}/.aws`);
    const { config, credentials, profile } = given;
    for (const [name, text] of Object.entries({ config, credentials })) {
      if (text !== undefined) await Deno.writeTextFile(`${home}/.aws/${name}`, text);
    }
    const variables: Record<string, string> = {
      ...{ HOME: home, AWS_EC2_METADATA_DISABLED: "true", ...given.variables },
    };
    const found = await findCredentials({ variables: (name) => variables[name], profile, ...more });
    return { ...found, keys: await found.keys.keys() };
  });
}

async function refused(given: Given): Promise<string> {
  const { message } = await assertRejects(() => find(given), CredentialsError);
  assert(!message.includes("\n"), message);
  return message;
}

function keys(name: string): Keys {
  return { accessKeyId: name, secretAccessKey: `${name}/secret`, sessionToken: undefined };
}

const OF_ENVIRONMENT = { AWS_ACCESS_KEY_ID: "env", AWS_SECRET_ACCESS_KEY: "env/secret" };

function settings(name: string): string {
  return `aws_access_key_id = ${name}\naws_secret_access_key=${name}/secret\n`;
}

Deno.test("Keys come from the environment before the files, but a profile that is asked for wins", async () => {
  const files = {
    config: `[default]\nregion = eu-1\n[profile a]\n${settings("config a")}region=eu-2 # here\n`,
    credentials: `[default]\n${settings("default")}\n[b]\n${settings("b")}`,
  };
  const found = await find({ variables: OF_ENVIRONMENT, ...files });
  assertEquals([found.keys, found.from], [keys("env"), "the environment"]);
  assertEquals(found.region, "eu-1");
  assertEquals((await find(files)).keys, keys("default"));
  const ofA = await find({ ...files, variables: OF_ENVIRONMENT, profile: "a" });
  assertEquals([ofA.keys, ofA.region], [keys("config a"), "eu-2"]);
  assertEquals((await find({ ...files, variables: { AWS_PROFILE: "b" } })).keys, keys("b"));
  const token = { ...OF_ENVIRONMENT, AWS_SESSION_TOKEN: "token", AWS_REGION: "eu-3" };
  const withToken = await find({ variables: token });
  assertEquals(withToken.keys, { ...keys("env"), sessionToken: "token" });
  assertEquals([withToken.region, withToken.renewal], ["eu-3", {}]);
});

Deno.test("Other settings come from the same places", async () => {
  const config = `[default]\n${settings("a")}endpoint_url = http://file\nca_bundle = /file\n` +
    "s3 =\n  endpoint_url = http://nested\n  region = nested\n";
  const ofFile = await find({ config });
  assertEquals([ofFile.endpoint, ofFile.caBundle, ofFile.region], [
    ...["http://file", "/file"],
    undefined,
  ]);
  const variables = { AWS_ENDPOINT_URL: "http://all", AWS_CA_BUNDLE: "/variable" };
  const found = await find({ config, variables });
  assertEquals([found.endpoint, found.caBundle], ["http://all", "/variable"]);
  const ofS3 = await find({
    config,
    variables: { ...variables, AWS_ENDPOINT_URL_S3: "http://s3" },
  });
  assertEquals(ofS3.endpoint, "http://s3");
});

Deno.test("What is there but cannot be used is one clear line, and nothing else is tried", async () => {
  const cases: [Given, string][] = [
    [{}, "there are no keys in the environment and the shared files"],
    [{ profile: "a" }, 'there is no profile "a"'],
    [{ variables: { AWS_PROFILE: "a" } }, 'there is no profile "a"'],
    [{ config: "[profile a]\nregion=x", profile: "a" }, 'the profile "a" has no keys'],
    [
      { variables: { AWS_ACCESS_KEY_ID: "a" } },
      "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY",
    ],
    [
      { credentials: "[default]\naws_access_key_id = a" },
      'the profile "default" has only one half of its keys',
    ],
    [
      { config: "[default]\nsso_session = a" },
      'the profile "default" signs on by a browser: use a credential_process such as ' +
      "`aws configure export-credentials`",
    ],
    [
      { config: "[default]\nrole_arn = r\nmfa_serial = m\nsource_profile = a" },
      'the role of the profile "default" wants a code of a device',
    ],
    [
      { config: "[default]\nrole_arn = r" },
      'the role of the profile "default" has no keys to take it on with ' +
      "(source_profile or credential_source)",
    ],
    [
      {
        config: "[default]\nrole_arn = r\nsource_profile = a\n" +
          "[profile a]\nrole_arn = s\nsource_profile = default\n",
      },
      'the profile "default" leads to itself',
    ],
    [
      { variables: { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://example.com/" } },
      "the container's endpoint has to be an https: URL or one of this machine: " +
      "http://example.com/",
    ],
  ];
  for (const [given, message] of cases) assertEquals(await refused(given), message);
});

Deno.test("A program of a profile is run without a shell, and its errors are not passed on", async () => {
  await withTempDir(async (directory) => {
    const program = `${directory}/a program`;
    const run = async (lines: string, words = "") => {
      await Deno.writeTextFile(program, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
      return { config: `[default]\ncredential_process = "${program}" ${words}\n` };
    };
    const expires = "2100-01-01T00:00:00Z";
    const json = `printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s",` +
      `"SessionToken":"%s","Expiration":"${expires}"}' "$1" "$2" "$3"`;
    const found = await find(await run(json, `'$HOME' "a \\$b" c\\ d`));
    assertEquals(found.keys, {
      ...{ accessKeyId: "$HOME", secretAccessKey: "a $b", sessionToken: "c d" },
      expires: new Date(expires),
    });
    assertEquals(found.renewal.runs, program);
    const title = 'credential_process of the profile "default"';
    const cases: [string, string][] = [
      ["echo secret >&2; exit 3", `${title} failed with status 3`],
      ["echo secret", `${title} did not send keys`],
      [`echo '{"AccessKeyId":"secret"}'`, `${title} did not send keys`],
      [
        `echo '{"AccessKeyId":"a","SecretAccessKey":"secret","Expiration":"soon"}'`,
        `${title} sent keys with an expiry that is no date`,
      ],
    ];
    for (const [lines, message] of cases) assertEquals(await refused(await run(lines)), message);
    assertEquals(await refused(await run("", "'a")), `${title} has an open quote`);
    await Deno.remove(program);
    const config = `[default]\ncredential_process = "${program}"\n`;
    assertMatch(await refused({ config }), /^credential_process of .* cannot be run: /);
  });
});

Deno.test({
  name: "A role of a profile is taken on, with keys of another profile or its own",
  ...needsS3(),
  fn: () =>
    withS3(async ({ endpoint }) => {
      const arn = "arn:aws:iam::123456789012:role/test";
      const role = `role_arn = ${arn}\nrole_session_name = me\nexternal_id = x\n`;
      const config = `[profile base]\n${settings("base")}` +
        `[profile a]\n${role}source_profile = base\n` +
        `[profile own]\n${role}source_profile = own\n${settings("own")}` +
        `[profile env]\n${role}credential_source = Environment\n` +
        `[profile chain]\n${role}source_profile = a\n`;
      const variables = { ...OF_ENVIRONMENT, AWS_ENDPOINT_URL_STS: endpoint };
      for (const profile of ["a", "own", "env", "chain"]) {
        const { keys, renewal } = await find({ config, variables, profile });
        assertMatch(keys.accessKeyId, /^ASIA/);
        assert(keys.sessionToken !== undefined && Number(keys.expires) > Date.now());
        assertEquals(renewal.asks?.at(-1), new URL(endpoint).host);
      }
    }),
});

Deno.test({
  name: "A role is taken on with a token in a file, named by the environment or by a profile",
  ...needsS3(),
  fn: () =>
    withS3(async ({ endpoint }) => {
      await withTempDir(async (directory) => {
        const file = `${directory}/token`;
        await Deno.writeTextFile(file, "header.body.signature\n");
        const arn = "arn:aws:iam::123456789012:role/test";
        const service = { AWS_ENDPOINT_URL_STS: endpoint };
        const variables = { ...service, AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: arn };
        const config = `[default]\nrole_arn = ${arn}\nweb_identity_token_file = ${file}\n`;
        for (const given of [{ variables }, { variables: service, config }]) {
          const { keys, renewal } = await find(given);
          assertMatch(keys.accessKeyId, /^ASIA/);
          assertEquals(renewal, {
            ...{ reads: [file], runs: undefined, asks: [new URL(endpoint).host] },
          });
        }
        await Deno.remove(file);
        assertEquals(await refused({ variables }), `the token in ${file} cannot be read`);
      });
    }),
});

Deno.test("A role that is refused is said to be so, with the server's code", async () => {
  const body = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
  await withScript(() => ({ status: 403, body }), async ({ endpoint, seen }) => {
    const config = "[default]\nrole_arn = arn:r\nsource_profile = a\n" +
      `region = eu-1\n[profile a]\n${settings("a")}`;
    const variables = { AWS_ENDPOINT_URL_STS: endpoint.href };
    assertEquals(
      await refused({ config, variables }),
      "the role arn:r cannot be taken on: AccessDenied",
    );
    assertMatch(seen[0]?.headers.get("authorization") ?? "", /=a\/\d+\/eu-1\/sts\/aws4_request/);
    assertEquals(
      new TextDecoder().decode(seen[0]?.body),
      "Version=2011-06-15&RoleArn=arn%3Ar&RoleSessionName=sftpwrap&Action=AssumeRole",
    );
  });
});

const SERVED = JSON.stringify({
  ...{ Code: "Success", AccessKeyId: "served", SecretAccessKey: "served/secret", Token: "token" },
  Expiration: "2100-01-01T00:00:00Z",
});

const SERVED_KEYS: Keys = {
  ...{ accessKeyId: "served", secretAccessKey: "served/secret", sessionToken: "token" },
  expires: new Date("2100-01-01T00:00:00Z"),
};

Deno.test("A container's endpoint is asked with its token, which may be in a file", async () => {
  await withTempDir(async (directory) => {
    const file = `${directory}/token`;
    await Deno.writeTextFile(file, "from file\n");
    await withScript(() => ({ body: SERVED }), async ({ endpoint, seen }) => {
      const uri = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint}keys?id=1` };
      for (
        const [token, renewal] of [
          [{}, undefined],
          [{ AWS_CONTAINER_AUTHORIZATION_TOKEN: "given" }, undefined],
          [{ AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file }, [file]],
        ] as const
      ) {
        const found = await find({ variables: { ...uri, ...token } });
        assertEquals(found.keys, SERVED_KEYS);
        assertEquals(
          found.renewal,
          { reads: renewal, runs: undefined, asks: [endpoint.host] } as typeof found.renewal,
        );
      }
      assertEquals(seen.map(({ target }) => target), Array(3).fill("/keys?id=1"));
      const tokens = seen.map(({ headers }) => headers.get("authorization"));
      assertEquals(tokens, [null, "given", "from file"]);
    });
    await withScript(() => ({ status: 404 }), async ({ endpoint }) => {
      const variables = { AWS_CONTAINER_CREDENTIALS_FULL_URI: endpoint.href };
      assertEquals(
        await refused({ variables }),
        "the container's endpoint answers with status 404",
      );
    });
  });
});

Deno.test("An instance's endpoint is asked for a token, a role and keys, and last of all", async () => {
  const script = ({ method, target, headers }: SeenRequest): Reply => {
    if (method === "PUT") return { body: "session" };
    if (headers.get("x-aws-ec2-metadata-token") !== "session") return { status: 401 };
    return { body: target.endsWith("/") ? "my role" : SERVED };
  };
  await withScript(script, async ({ endpoint, seen }) => {
    const variables = {
      ...{ AWS_EC2_METADATA_DISABLED: "", AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint.href },
    };
    assertEquals((await find({ variables })).keys, SERVED_KEYS);
    assertEquals(seen.map(({ method, target }) => `${method} ${target}`), [
      "PUT /latest/api/token",
      "GET /latest/meta-data/iam/security-credentials/",
      "GET /latest/meta-data/iam/security-credentials/my%20role",
    ]);
    await find({ variables: { ...variables, ...OF_ENVIRONMENT } });
    assertEquals(seen.length, 3);
  });
  await withScript(() => ({ status: 404 }), async ({ endpoint }) => {
    const variables = {
      ...{ AWS_EC2_METADATA_DISABLED: "", AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint.href },
    };
    assertEquals(
      await refused({ variables }),
      "there are no keys in the environment and the shared files: " +
        "the instance's endpoint has no role",
    );
  });
});

Deno.test("A server that answers HTML instead of keys gives none", async () => {
  await withScript(() => ({ body: "<html>secret" }), async ({ endpoint }) => {
    const variables = { AWS_CONTAINER_CREDENTIALS_FULL_URI: endpoint.href };
    assertEquals(await refused({ variables }), "the container's endpoint did not send keys");
  });
});
