// English: one's own account.

export const me = {
  title: 'Your account',
  profile: 'Profile',
  security: 'Security',
  tokens: 'API tokens',
  settings: 'Account',

  appearance: 'You on a board',
  picture: 'Picture',
  choosePicture: 'Choose a picture',
  removePicture: 'Remove',
  pictureUnreadable: 'This file could not be read as a picture.',
  language: 'Language',
  languageText: 'Of the pages and of the editor.',
  browserLanguage: 'As the browser',
  emailSaved: 'E-mail changed',

  archive: 'Take everything with you',
  archiveText:
    'One ZIP file with all your boards, their files, folders and favourites. It can be brought here again, or to another Tidraw.',
  takeAway: 'Download the archive',
  bring: 'Bring an archive',
  bringing: (name: string) => `Bringing ${name}`,
  bringingBoards: (done: number, of: number) => `${done} of ${of} boards`,
  stopBringing: 'Stop',
  brought: (boards: number, files: number) =>
    `${boards === 1 ? 'One board' : `${boards} boards`} and ${files === 1 ? 'one file' : `${files} files`} were brought.`,
  broughtFailed: 'These boards could not be brought:',
  bringFailed: 'The archive could not be brought.',
  bringBroken: 'The connection broke. What was brought until then is there.',

  delete: 'Delete account',
  deleteText: 'Your name, your e-mail and your sessions are removed from this server.',
  deleteFinal: 'This cannot be undone.',
  deleteNow: 'Delete my account',
  deleted: 'Your account was deleted',
  lastAdmin: 'You are the last administrator. Make somebody else one first.',

  currentPassword: 'Current password',
  newPassword: 'New password',
  wrongPassword: 'This is not your current password.',
  changePassword: 'Change password',
  changePasswordText: 'You stay signed in here and are signed out everywhere else.',
  passwordSaved: 'Password changed',

  sessions: 'Where you are signed in',
  sessionsText: 'Sign out what you do not know, then change your password.',
  sessionsFailed: 'The sessions could not be loaded',
  thisSession: 'This one',
  unknownDevice: 'Unknown device',
  lastUsed: (when: string) => `used ${when}`,
  neverUsed: 'never used',
  endSessionOf: (device: string) => `Sign out ${device}`,
  endOthers: 'Sign out everywhere else',
  othersEnded: 'Signed out everywhere else',

  newToken: 'New token',
  tokensText: 'A token lets a program use the API in your name.',
  yourTokens: 'Your tokens',
  tokensFailed: 'The tokens could not be loaded',
  noTokens: 'You have no tokens.',
  tokenName: 'What it is for',
  tokenNameHint: 'For example: backup of my boards',
  tokenScopes: 'What it may do',
  scopes: {
    read: { name: 'Read', text: 'See boards and the account' },
    write: { name: 'Write', text: 'Change boards and share them' },
    admin: { name: 'Admin', text: 'Administer the server' },
  },
  tokenExpiry: 'How long it is valid',
  forDays: (days: number) => `for ${days} days`,
  noExpiry: 'without end',
  createToken: 'Create token',
  tokenOnce: 'Copy the token now. It is not shown again.',
  revokeToken: (name: string) => `Revoke ${name}`,
  tokenRevoked: (name: string) => `“${name}” no longer works`,
}

export const reset = {
  forgot: 'Forgot your password?',
  title: 'Forgot your password?',
  text: 'We send you a link with which you set a new one.',
  send: 'Send link',
  sent: 'Look into your mail',
  sentText: (email: string) =>
    `If there is an account with ${email}, a link is on its way. It works for one hour. On a server without mail the administrator finds it in the log.`,
  back: 'Back to signing in',
  newTitle: 'Set a new password',
  newText: 'You are signed in with it at once, and signed out everywhere else.',
  save: 'Set password',
  gone: 'This link is no longer valid',
  goneText: 'It was used already, or it is older than an hour.',
  again: 'Ask for a new one',
}

/* what becomes of the boards when an account ends */
export const fate = {
  label: 'The boards of this account',
  transfer: 'go to somebody else',
  delete: 'are deleted',
  to: 'E-mail of the new owner',
}
