import { Button, Callout, Checkbox, Code, Flex, Select, Text } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { CopyButton } from '../components/CopyButton'
import { Field } from '../components/Field'
import { FormError, fieldError } from '../components/FormError'
import { useCreateToken } from '../lib/account'
import { useUser } from '../lib/query'
import { DAY } from '../lib/time'
import type { Scope } from '../lib/types'
import { t } from '../texts'

const DAYS = ['30', '90', '365', '0'] as const

export function NewToken() {
  const user = useUser()
  const create = useCreateToken()
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<Scope[]>(['read'])
  const [days, setDays] = useState<(typeof DAYS)[number]>('90')
  const offered: Scope[] = user?.role === 'admin' ? ['read', 'write', 'admin'] : ['read', 'write']

  const send = (event: FormEvent) => {
    event.preventDefault()
    const token = {
      name: name.trim(),
      scopes,
      ...(days !== '0' && { expires_at: Date.now() + Number(days) * DAY }),
    }
    create.mutateAsync(token).then(() => setName(''), () => undefined)
  }

  return (
    <form onSubmit={send}>
      <Field
        label={t.me.tokenName}
        hint={t.me.tokenNameHint}
        maxLength={100}
        autoComplete="off"
        required
        value={name}
        error={fieldError(create.error, 'name')}
        onChange={(e) => setName(e.target.value)}
      />
      <Flex direction="column" gap="2" mb="4" role="group" aria-label={t.me.tokenScopes}>
        {offered.map((s) => (
          <Text as="label" key={s} size="2">
            <Flex gap="2" align="center">
              <Checkbox
                checked={scopes.includes(s)}
                onCheckedChange={(on) => setScopes((old) => (on ? [...old, s] : old.filter((o) => o !== s)))}
              />
              {t.me.scopes[s].text}
            </Flex>
          </Text>
        ))}
      </Flex>
      <FormError error={create.error} fields={['name']} />
      <Flex gap="3" wrap="wrap">
        <Select.Root value={days} onValueChange={(d) => setDays(d as typeof days)}>
          <Select.Trigger aria-label={t.me.tokenExpiry} />
          <Select.Content position="popper">
            {DAYS.map((d) => (
              <Select.Item key={d} value={d}>
                {d === '0' ? t.me.noExpiry : t.me.forDays(Number(d))}
              </Select.Item>
            ))}
          </Select.Content>
        </Select.Root>
        <Button type="submit" loading={create.isPending} disabled={name.trim() === '' || scopes.length === 0}>
          {t.me.createToken}
        </Button>
      </Flex>
      {create.data && <Secret secret={create.data.token} />}
    </form>
  )
}

/* shown this once; the server keeps only what it needs to know it again */
function Secret({ secret }: { secret: string }) {
  return (
    <Callout.Root color="green" mt="4" role="status">
      <Callout.Text>{t.me.tokenOnce}</Callout.Text>
      <Code className="td-secret">{secret}</Code>
      <CopyButton text={secret} />
    </Callout.Root>
  )
}
