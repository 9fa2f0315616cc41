// What is said about uploads, in the language of the app.
import '../texts'

const en = {
  uploading: (n: number) => (n === 1 ? 'Uploading a file …' : `Uploading ${n} files …`),
  failed: (name: string, why: string) => `${name} was not uploaded: ${why}`,
  why: {
    offline: 'the server did not answer.',
    too_large: 'it is too large, or has too many pixels.',
    quota_exceeded: 'there is no room left for more files.',
    storage_full: 'the disk of the server is full.',
    forbidden: 'you may not add files here.',
    other: 'something went wrong on the server.',
  },
}

const de: typeof en = {
  uploading: (n) => (n === 1 ? 'Eine Datei wird hochgeladen …' : `${n} Dateien werden hochgeladen …`),
  failed: (name, why) => `${name} wurde nicht hochgeladen: ${why}`,
  why: {
    offline: 'der Server antwortet nicht.',
    too_large: 'sie ist zu groß oder hat zu viele Bildpunkte.',
    quota_exceeded: 'für weitere Dateien ist kein Platz mehr.',
    storage_full: 'die Festplatte des Servers ist voll.',
    forbidden: 'Sie dürfen hier keine Dateien hinzufügen.',
    other: 'auf dem Server ging etwas schief.',
  },
}

/* whatever language the app chose, these follow it */
export const texts = document.documentElement.lang === 'de' ? de : en
