// Name and colour, of the account or of the guest.
import { Button, Flex, RadioGroup, Text } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { useUpdateMe } from '../lib/account'
import { COLORS, safeColor } from '../lib/colors'
import { guest } from '../lib/guest'
import { useUser } from '../lib/query'
import { t } from '../texts'
import { Field } from './Field'
import { FormError } from './FormError'
import { PersonAvatar } from './PersonAvatar'
import { useToast } from './Toasts'

export function ProfileForm({ onDone }: { onDone?: () => void }) {
  const user = useUser()
  const person = user ?? guest.get()
  const update = useUpdateMe()
  const toast = useToast()
  const [name, setName] = useState(person.name)
  const [color, setColor] = useState(person.color)

  const save = async (event: FormEvent) => {
    event.preventDefault()
    const change = { name: name.trim(), color }
    try {
      if (user) await update.mutateAsync(change)
      else guest.set(change)
    } catch {
      return
    }
    toast({ text: t.account.saved })
    onDone?.()
  }

  return (
    <form onSubmit={save}>
      <Flex align="end" gap="3">
        {onDone && (
          <Flex mb="4" className="td-preview">
            <PersonAvatar person={{ ...user, name, color }} size="3" />
          </Flex>
        )}
        <div className="td-grow">
          <Field
            label={t.account.name}
            autoComplete="name"
            value={name}
            maxLength={60}
            required
            onChange={(e) => setName(e.target.value)}
          />
        </div>
      </Flex>
      <Text as="div" size="2" weight="medium" mb="2" id="profile-color">
        {t.account.color}
      </Text>
      <RadioGroup.Root value={color} onValueChange={setColor} aria-labelledby="profile-color" className="td-colors">
        {!COLORS.includes(person.color) && <ColorItem color={person.color} label={t.account.ownColor} />}
        {COLORS.map((c, n) => (
          <ColorItem key={c} color={c} label={t.account.colors[n] ?? c} />
        ))}
      </RadioGroup.Root>
      <FormError error={update.error} />
      <Flex gap="3" mt="5" justify="end">
        {onDone && (
          <Button type="button" variant="soft" color="gray" onClick={onDone}>
            {t.cancel}
          </Button>
        )}
        <Button type="submit" loading={update.isPending} disabled={name.trim() === ''}>
          {t.save}
        </Button>
      </Flex>
    </form>
  )
}

function ColorItem({ color, label }: { color: string; label: string }) {
  return (
    <RadioGroup.Item
      value={color}
      aria-label={label}
      title={label}
      className="td-color"
      style={{ '--person': safeColor(color) }}
    />
  )
}
