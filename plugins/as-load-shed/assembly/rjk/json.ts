// Reads the table [policy.NAME.config], which a policy gets as JSON text: texts, whole numbers and lists of texts.
// The language brings nothing for that.

/** Reads a JSON text from its beginning to its end. After a mistake `error` says what was expected, and nothing more is read. */
export class Json {
  error: string | null = null;
  private at: i32 = 0;
  private first: bool = true;

  constructor(private readonly text: string) {}

  /** Goes into a table. */
  open(): void {
    this.want("{");
  }

  /** The next key of the table, or null at its end. */
  key(): string | null {
    if (this.error !== null || this.has("}")) return null;
    if (!this.first) this.want(",");
    this.first = false;
    const key = this.string();
    this.want(":");
    return key;
  }

  /** A text. */
  string(): string {
    let read = "";
    if (!this.want('"', "a text")) return read;
    while (this.at < this.text.length) {
      const letter = this.text.charAt(this.at++);
      if (letter == '"') return read;
      read += letter == "\\" ? this.escaped() : letter;
    }
    this.fail('a "');
    return read;
  }

  /** A whole number, from 0 up to 4294967295. */
  number(): u32 {
    this.space();
    let value: u64 = 0;
    const start = this.at;
    while (this.at < this.text.length && this.at - start < 11) {
      const digit = this.text.charCodeAt(this.at) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      this.at++;
    }
    const next = this.at < this.text.length ? this.text.charAt(this.at) : "";
    if (this.at == start || value > <u64>u32.MAX_VALUE || next == "." || next == "e" || next == "E") {
      this.fail("a whole number");
    }
    return <u32>value;
  }

  /** A list of texts. */
  strings(): string[] {
    const list = new Array<string>();
    if (!this.want("[", "a list of texts") || this.has("]")) return list;
    do {
      list.push(this.string());
    } while (this.error === null && this.has(","));
    this.want("]");
    return list;
  }

  private escaped(): string {
    const letter = this.text.charAt(this.at++);
    if (letter == "u") {
      // A pair of surrogates is two escapes, and AssemblyScript's texts are made of such halves.
      const digits = this.text.substr(this.at, 4);
      this.at += 4;
      const unit = <i32>parseInt(digits, 16);
      return String.fromCharCode(unit);
    }
    const place = '"\\/bfnrt'.indexOf(letter);
    if (letter.length == 0 || place < 0) {
      this.fail("an escape");
      return "";
    }
    return '"\\/\b\f\n\r\t'.charAt(place);
  }

  private space(): void {
    while (this.at < this.text.length && " \n\r\t".includes(this.text.charAt(this.at))) this.at++;
  }

  private has(letter: string): bool {
    this.space();
    if (this.at >= this.text.length || this.text.charAt(this.at) != letter) return false;
    this.at++;
    return true;
  }

  private want(letter: string, what: string = letter): bool {
    if (this.error === null && this.has(letter)) return true;
    this.fail(what);
    return false;
  }

  private fail(expected: string): void {
    if (this.error === null) this.error = expected;
    this.at = this.text.length;
  }
}
