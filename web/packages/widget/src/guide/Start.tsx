/** Owns what a visitor can do before the first message: choose whom to ask, and look for an article. */
import type { VNode } from "preact";
import { fill } from "../languages";
import { guideTexts } from "../languages/guide";
import type { WidgetState } from "../state";
import { Lens, Person, Spark } from "./icons";
import type { Profile } from "./index";
import { openingWords } from "./opening";

interface Props {
  now: WidgetState;
  profile: Profile;
  onChoose: (wantsPerson: boolean) => void;
  onRead: () => void;
}

export function Start({ now, profile, onChoose, onRead }: Props) {
  const words = guideTexts(now.language.code);
  if (!profile.enabled && !profile.help_url) return null;
  const wantsPerson = now.wantsPerson === true;
  return (
    <div class="guide">
      {profile.enabled && (
        <fieldset class="choice">
          <legend>{words.choose}</legend>
          <Option
            icon={<Spark />}
            isChosen={!wantsPerson}
            title={fill(words.askBot, { name: profile.name })}
            hint={profile.greeting || words.atOnce}
            onChoose={() => onChoose(false)}
          />
          <Option
            icon={<Person />}
            isChosen={wantsPerson}
            title={words.askPerson}
            hint={openingWords(profile, now)}
            onChoose={() => onChoose(true)}
          />
        </fieldset>
      )}
      {profile.help_url && (
        <button type="button" class="look" onClick={onRead}>
          <Lens />
          {words.search}
        </button>
      )}
    </div>
  );
}

interface OptionProps {
  icon: VNode;
  isChosen: boolean;
  title: string;
  hint: string;
  onChoose: () => void;
}

function Option({ icon, isChosen, title, hint, onChoose }: OptionProps) {
  return (
    <label class={`option ${isChosen ? "chosen" : ""}`}>
      <input type="radio" name="whom" checked={isChosen} onChange={onChoose} />
      {icon}
      <span>
        <b dir="auto">{title}</b>
        <small dir="auto">{hint}</small>
      </span>
    </label>
  );
}
