import { de } from './de'
import { type Texts, en } from './en'

const known: Record<string, Texts> = { en, de }

export const LANGUAGES = { en: 'English', de: 'Deutsch' }

/* the language that the account has chosen; kept by this browser, so that the
   first page speaks it already */
const KEY = 'tidraw.language'

export function chosenLanguage(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}

const wanted = [chosenLanguage() ?? '', ...navigator.languages]

/* the first of them that we speak */
export const language = wanted.map((l) => l.split('-')[0] ?? '').find((l) => l in known) ?? 'en'

export const t: Texts = known[language] ?? en

/* dates follow the browser's own variant of the language we speak */
export const locale = navigator.languages.find((l) => l.startsWith(language)) ?? language

document.documentElement.lang = language

/* what the account says now; every text of the page changes with it */
export function chooseLanguage(code: string | null): void {
  if ((code ?? null) === chosenLanguage()) return

  try {
    if (code) localStorage.setItem(KEY, code)
    else localStorage.removeItem(KEY)
  } catch {
    return
  }
  window.location.reload()
}
