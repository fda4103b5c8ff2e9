import { assertEquals } from "@std/assert";
import {
  childrenOf,
  childText,
  encodeEntities,
  parseXml,
} from "../../../../lib/storage/s3/client/xml.ts";

Deno.test("Elements are read with their text, whatever is around and between them", () => {
  const root = parseXml(
    '\ufeff \n<?xml version="1.0"?>\n<!-- <a> -->\n<s3:List xmlns="http://x/?a>b" b=\'>\'>' +
      "<Key>a &amp;&lt;&gt;&quot;&apos; &#65;&#x1F600;</Key><Key/><Key ></Key >" +
      "<Key><![CDATA[<&amp;>]]></Key><Deep><Key>no</Key></Deep></s3:List>\n",
  );
  assertEquals(root?.name, "List");
  const keys = root === undefined ? [] : childrenOf(root, "Key");
  assertEquals(keys.map(({ text }) => text), ["a &<>\"' A\u{1f600}", "", "", "<&amp;>"]);
  assertEquals(root && childText(root, "Key"), "a &<>\"' A\u{1f600}");
  assertEquals(root && childText(root, "Absent"), undefined);
});

Deno.test("What is no document of XML is not taken for one", () => {
  const documents = [
    ...[
      "",
      "text",
      "<a>",
      "</a>",
      "<a></b>",
      "<a></a></a>",
      "<a/><b/>",
      "<a/>text",
      "<a",
      "<a>&b;</a>",
    ],
    ...["<a>&amp</a>", "<a>&#x110000;</a>", "<a>&toString;</a>", '<a b="></a>', "<!DOCTYPE a><a/>"],
    ...["<html><p>a<br>b</html>", '{"a": 1}', "<a>".repeat(17) + "</a>".repeat(17)],
  ];
  for (const document of documents) assertEquals(parseXml(document), undefined, document);
});

Deno.test("Text that is written is read again", () => {
  const text = "<a href='b'>&amp;\"\r\n\t\u{1f600}";
  assertEquals(encodeEntities('a\r"<'), "a&#13;&#34;&#60;");
  assertEquals(parseXml(`<a>${encodeEntities(text)}</a>`)?.text, text);
});
