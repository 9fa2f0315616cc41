// The account as others see it, its address, its language, what it takes along, its end.
import { ProfileForm } from '../components/ProfileForm'
import { Section } from '../components/Section'
import { t } from '../texts'
import { AccountShell } from './AccountShell'
import { Archive } from './Archive'
import { DeleteAccount } from './DeleteAccount'
import { EmailForm } from './EmailForm'
import { Language } from './Language'
import { Picture } from './Picture'

export function Profile() {
  return (
    <AccountShell title={t.me.profile}>
      <Section title={t.me.appearance} text={t.account.profileText}>
        <Picture />
        <ProfileForm />
      </Section>
      <Section title={t.account.email}>
        <EmailForm />
      </Section>
      <Section title={t.me.language} text={t.me.languageText}>
        <Language />
      </Section>
      <Section title={t.me.archive} text={t.me.archiveText}>
        <Archive />
      </Section>
      <Section title={t.me.delete} text={t.me.deleteText}>
        <DeleteAccount />
      </Section>
    </AccountShell>
  )
}
