// One group of duplicates: its clips side by side, with the evidence, and what can be decided about each.

import { decide, pin, pinButton, represent } from "./decisions.js";
import { clock, h, number } from "./dom.js";
import { sound } from "./list.js";

/** reached(place): a clip was pressed; place: { line, group, member, other, acts }, see `memberLine`. */
export function groupCard(group, reached) {
  const [first, second] = group.members;
  const more = group.size - group.members.length;
  return h("article", { class: "group" },
    h("h3", {}, `${number(group.size)} files`, h("span", { class: "note" }, ` lowest score between any two ${group.lowest_pair_score.toFixed(3)}`)),
    h("p", { class: "note" }, group.why),
    group.members.map((member, at) => memberLine(group, member, at ? first : second, reached)),
    more ? h("p", { class: "note" }, `and ${number(more)} more`) : null);
}

/** other: the clip that it is compared with. acts: keep, distinct and pin, as the keys call them. */
function memberLine(group, member, other, reached) {
  const [first] = group.members;
  const stands = member === first;
  const settled = stands || member.exact; // nothing to decide between
  const acts = {
    keep: () => !settled && represent(member),
    distinct: () => !settled && decide({ kind: "distinct", clip_id: first.clip_id, other: member.clip_id }, `${member.name} and ${first.name} are no duplicates`),
    pin: () => pin(member),
  };
  const act = (text, title, work) => h("button", { type: "button", class: "small", title, on: { click: work } }, text);
  const line = h("div", { class: stands ? "member stands" : "member" },
    h("button", { type: "button", class: "clip-line", title: member.path, on: { click: () => reached({ line, group, member, other, acts }) } },
      h("span", { class: "score" }, stands ? "kept" : member.exact ? "same" : member.score.toFixed(3)), h("span", { class: "clip-name" }, member.name),
      h("span", { class: "clip-facts" }, evidence(member))),
    h("span", { class: "buttons" },
      settled ? null : act("Keep this", "Keep this one instead (k)", acts.keep),
      settled ? null : act("Not a duplicate", "Not a duplicate of the one that is kept (n)", acts.distinct),
      pinButton(member, member.decisions.includes("pin"), { class: "small" })));
  return line;
}

/** What the player plays: where its beginning lies on the one that is kept, and which stretches both have. */
export function heard(member) {
  const stretches = member.stretches ?? [];
  const [longest] = [...stretches].sort((one, other) => other.end_s - other.start_s - (one.end_s - one.start_s));
  const offsetS = member.alignment?.offset_s ?? (longest ? longest.representative_start_s - longest.start_s : 0);
  return sound(member, { offset_s: offsetS, stretches: stretches.map((part) => [part.start_s, part.end_s]) });
}

function evidence({ exact, alignment, stretches = [], duration_s: durationS, sample_rate_hz: rate, channels, codec }) {
  const file = [`${number(durationS)} s`, codec, rate ? `${number(rate / 1000)} kHz` : null, channels > 1 ? `${channels} channels` : channels ? "mono" : null];
  const laid = alignment ? [`starts at ${signed(alignment.offset_s, 2)} s`, `level ${signed(alignment.gain_db, 1)} dB`, `residual ${alignment.residual_db.toFixed(1)} dB`] : [];
  const shared = stretches.map((part) => `${clock(part.start_s)}-${clock(part.end_s)} is ${clock(part.representative_start_s)}-${clock(part.representative_end_s)} there`);
  return [exact ? "the same bytes" : null, ...file, ...laid, ...shared].filter(Boolean).join(" · ");
}

const signed = (value, digits) => `${value >= 0 ? "+" : "-"}${Math.abs(value).toFixed(digits)}`;
