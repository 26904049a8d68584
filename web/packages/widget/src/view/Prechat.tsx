/** Owns the form before the chat, where it is asked for. */
import { useState } from "preact/hooks";
import type { Visitor, WidgetState } from "../state";
import { Alert } from "./icons";

interface Props {
  now: WidgetState;
  onAnswer: (visitor: Visitor) => void;
}

export function Prechat({ now, onAnswer }: Props) {
  const { texts } = now.language;
  const isRequired = now.settings.prechat === "required";
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [isChecked, setChecked] = useState(false);
  const nameFault = isRequired && !name.trim() ? texts.nameMissing : null;
  const emailFault = isEmail(email) || (!isRequired && !email.trim()) ? null : texts.emailWrong;

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setChecked(true);
    if (nameFault || emailFault) {
      const fields = (event.currentTarget as HTMLFormElement).querySelectorAll("input");
      fields[nameFault ? 0 : 1]?.focus();
      return;
    }
    onAnswer({ ...(name.trim() && { name: name.trim() }), ...(email.trim() && { email: email.trim() }) });
  };

  return (
    <form class="prechat" noValidate onSubmit={submit}>
      <p class="prechat-text">{texts.prechat}</p>
      <Field
        kind="name"
        label={texts.name}
        hint={isRequired ? "" : texts.optional}
        text={name}
        fault={isChecked ? nameFault : null}
        onText={setName}
      />
      <Field
        kind="email"
        label={texts.email}
        hint={isRequired ? "" : texts.optional}
        text={email}
        fault={isChecked ? emailFault : null}
        onText={setEmail}
      />
      <button type="submit" class="button">
        {texts.start}
      </button>
      {!isRequired && (
        <button type="button" class="quiet" onClick={() => onAnswer({})}>
          {texts.skip}
        </button>
      )}
    </form>
  );
}

interface FieldProps {
  kind: "name" | "email";
  label: string;
  /** Nothing, where the visitor has to fill it in. */
  hint: string;
  text: string;
  fault: string | null;
  onText: (text: string) => void;
}

function Field({ kind, label, hint, text, fault, onText }: FieldProps) {
  return (
    <div class="field">
      <label for={kind}>
        {label} {hint && <small>{hint}</small>}
      </label>
      <input
        id={kind}
        type="text"
        inputMode={kind === "email" ? "email" : "text"}
        dir={kind === "email" ? "ltr" : "auto"}
        autoComplete={kind}
        maxLength={200}
        required={!hint}
        value={text}
        aria-invalid={fault !== null}
        aria-describedby={fault ? `${kind}-fault` : undefined}
        onInput={(event) => onText(event.currentTarget.value)}
      />
      {fault && (
        <p class="fault" id={`${kind}-fault`}>
          <Alert />
          {fault}
        </p>
      )}
    </div>
  );
}

function isEmail(text: string): boolean {
  return /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(text.trim());
}
