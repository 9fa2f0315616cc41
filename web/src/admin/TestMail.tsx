// Whether mail works, shown by sending one. What the mail server says comes in
// its own words.
import { CheckCircledIcon, CrossCircledIcon } from '@radix-ui/react-icons'
import { Button, Callout, Text } from '@radix-ui/themes'
import { Section } from '../components/Section'
import { useTestMail } from '../lib/admin'
import { ApiError } from '../lib/api'
import { errorText } from '../lib/errors'
import { useUser } from '../lib/query'
import { t } from '../texts'

export function TestMail({ set }: { set: boolean }) {
  const test = useTestMail()

  if (!set) {
    return (
      <Section title={t.admin.mail}>
        <Text as="p" size="2" color="gray">
          {t.admin.noMail}
        </Text>
      </Section>
    )
  }

  return (
    <Section title={t.admin.mail} text={t.admin.mailText}>
      <Button variant="soft" loading={test.isPending} onClick={() => test.mutate()}>
        {t.admin.testMail}
      </Button>
      <div role="status">
        {test.isSuccess && <Sent />}
        {test.isError && <NotSent error={test.error} />}
      </div>
    </Section>
  )
}

function Sent() {
  const user = useUser()

  return (
    <Callout.Root mt="4" color="green">
      <Callout.Icon>
        <CheckCircledIcon />
      </Callout.Icon>
      <Callout.Text>{t.admin.testMailSent(user?.email ?? '')}</Callout.Text>
    </Callout.Root>
  )
}

function NotSent({ error }: { error: Error }) {
  const said = error instanceof ApiError && error.code === 'mail_failed'

  return (
    <Callout.Root mt="4" color="red">
      <Callout.Icon>
        <CrossCircledIcon />
      </Callout.Icon>
      <Callout.Text>
        {errorText(error)} {said && error.message}
      </Callout.Text>
    </Callout.Root>
  )
}
