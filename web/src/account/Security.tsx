import { Section } from '../components/Section'
import { t } from '../texts'
import { AccountShell } from './AccountShell'
import { PasswordForm } from './PasswordForm'
import { Sessions } from './Sessions'

export function Security() {
  return (
    <AccountShell title={t.me.security}>
      <Section title={t.me.changePassword} text={t.me.changePasswordText}>
        <PasswordForm />
      </Section>
      <Section title={t.me.sessions} text={t.me.sessionsText}>
        <Sessions />
      </Section>
    </AccountShell>
  )
}
