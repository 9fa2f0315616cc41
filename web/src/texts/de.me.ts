// Deutsch: das eigene Konto.
import type { fate as enFate, me as enMe, reset as enReset } from './en.me'

export const me: typeof enMe = {
  title: 'Dein Konto',
  profile: 'Profil',
  security: 'Sicherheit',
  tokens: 'API-Tokens',
  settings: 'Konto',

  appearance: 'Du auf einem Board',
  picture: 'Bild',
  choosePicture: 'Bild auswählen',
  removePicture: 'Entfernen',
  pictureUnreadable: 'Diese Datei ließ sich nicht als Bild lesen.',
  language: 'Sprache',
  languageText: 'Der Seiten und des Editors.',
  browserLanguage: 'Wie der Browser',
  emailSaved: 'E-Mail geändert',

  archive: 'Alles mitnehmen',
  archiveText:
    'Eine ZIP-Datei mit allen deinen Boards, ihren Dateien, Ordnern und Favoriten. Sie lässt sich hier wieder einspielen oder in einem anderen Tidraw.',
  takeAway: 'Archiv herunterladen',
  bring: 'Archiv einspielen',
  bringing: (name) => `${name} wird eingespielt`,
  bringingBoards: (done, of) => `${done} von ${of} Boards`,
  stopBringing: 'Abbrechen',
  brought: (boards, files) =>
    `${boards === 1 ? 'Ein Board' : `${boards} Boards`} und ${files === 1 ? 'eine Datei' : `${files} Dateien`} eingespielt.`,
  broughtFailed: 'Diese Boards ließen sich nicht einspielen:',
  bringFailed: 'Das Archiv ließ sich nicht einspielen.',
  bringBroken: 'Die Verbindung brach ab. Was bis dahin eingespielt war, ist da.',

  delete: 'Konto löschen',
  deleteText: 'Dein Name, deine E-Mail und deine Sitzungen werden von diesem Server entfernt.',
  deleteFinal: 'Das lässt sich nicht rückgängig machen.',
  deleteNow: 'Mein Konto löschen',
  deleted: 'Dein Konto wurde gelöscht',
  lastAdmin: 'Außer dir verwaltet niemand diesen Server. Gib das Recht zuerst jemand anderem.',

  currentPassword: 'Jetziges Passwort',
  newPassword: 'Neues Passwort',
  wrongPassword: 'Das ist nicht dein jetziges Passwort.',
  changePassword: 'Passwort ändern',
  changePasswordText: 'Hier bleibst du angemeldet, überall sonst wirst du abgemeldet.',
  passwordSaved: 'Passwort geändert',

  sessions: 'Wo du angemeldet bist',
  sessionsText: 'Melde ab, was du nicht kennst, und ändere dann dein Passwort.',
  sessionsFailed: 'Die Sitzungen konnten nicht geladen werden',
  thisSession: 'Diese hier',
  unknownDevice: 'Unbekanntes Gerät',
  lastUsed: (when) => `benutzt ${when}`,
  neverUsed: 'nie benutzt',
  endSessionOf: (device) => `${device} abmelden`,
  endOthers: 'Überall sonst abmelden',
  othersEnded: 'Überall sonst abgemeldet',

  newToken: 'Neues Token',
  tokensText: 'Mit einem Token benutzt ein Programm die API in deinem Namen.',
  yourTokens: 'Deine Tokens',
  tokensFailed: 'Die Tokens konnten nicht geladen werden',
  noTokens: 'Du hast keine Tokens.',
  tokenName: 'Wofür es ist',
  tokenNameHint: 'Zum Beispiel: Sicherung meiner Boards',
  tokenScopes: 'Was es darf',
  scopes: {
    read: { name: 'Lesen', text: 'Boards und Konto ansehen' },
    write: { name: 'Schreiben', text: 'Boards ändern und teilen' },
    admin: { name: 'Verwalten', text: 'Den Server verwalten' },
  },
  tokenExpiry: 'Wie lange es gilt',
  forDays: (days) => `für ${days} Tage`,
  noExpiry: 'ohne Ende',
  createToken: 'Token anlegen',
  tokenOnce: 'Kopiere das Token jetzt. Es wird nicht noch einmal gezeigt.',
  revokeToken: (name) => `${name} zurücknehmen`,
  tokenRevoked: (name) => `„${name}“ gilt nicht mehr`,
}

export const reset: typeof enReset = {
  forgot: 'Passwort vergessen?',
  title: 'Passwort vergessen?',
  text: 'Wir schicken dir einen Link, mit dem du ein neues setzt.',
  send: 'Link schicken',
  sent: 'Sieh in deine Mail',
  sentText: (email) =>
    `Wenn es ein Konto mit ${email} gibt, ist ein Link unterwegs. Er gilt eine Stunde. Auf einem Server ohne Mail steht er im Log, das die Verwaltung lesen kann.`,
  back: 'Zurück zur Anmeldung',
  newTitle: 'Neues Passwort setzen',
  newText: 'Damit bist du gleich angemeldet, und überall sonst abgemeldet.',
  save: 'Passwort setzen',
  gone: 'Dieser Link gilt nicht mehr',
  goneText: 'Er wurde schon benutzt oder ist älter als eine Stunde.',
  again: 'Einen neuen anfordern',
}

export const fate: typeof enFate = {
  label: 'Die Boards dieses Kontos',
  transfer: 'bekommt jemand anderes',
  delete: 'werden gelöscht',
  to: 'E-Mail der Person, die sie bekommt',
}
