// The account as others see it, its address, its language, its end.
import { ProfileForm } from '../components/ProfileForm'
import { Section } from '../components/Section'
import { t } from '../texts'
import { AccountShell } from './AccountShell'
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
      <Section title={t.me.delete} text={t.me.deleteText}>
        <DeleteAccount />
      </Section>
    </AccountShell>
  )
}
