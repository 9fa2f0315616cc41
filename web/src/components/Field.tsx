// A labelled input with its hint and its error, tied together for readers.
import { EyeClosedIcon, EyeOpenIcon } from '@radix-ui/react-icons'
import { Box, IconButton, Text, TextField } from '@radix-ui/themes'
import { type ComponentProps, useId, useState } from 'react'
import { t } from '../texts'

type Props = Omit<ComponentProps<typeof TextField.Root>, 'id'> & {
  label: string
  hint?: string | undefined
  error?: string | undefined
}

export function Field({ label, hint, error, children, ...input }: Props) {
  const id = useId()
  const note = error ?? hint

  return (
    <Box mb="4">
      <Text as="label" htmlFor={id} size="2" weight="medium" mb="1" className="td-label">
        {label}
      </Text>
      <TextField.Root
        size="3"
        {...input}
        id={id}
        aria-invalid={error !== undefined}
        {...(error && { color: 'red' })}
        {...(note && { 'aria-describedby': `${id}-note` })}
      >
        {children}
      </TextField.Root>
      {note && (
        <Text as="p" id={`${id}-note`} size="1" mt="1" color={error ? 'red' : 'gray'} {...(error && { role: 'alert' })}>
          {note}
        </Text>
      )}
    </Box>
  )
}

export function PasswordField(props: Props) {
  const [visible, setVisible] = useState(false)

  return (
    <Field {...props} type={visible ? 'text' : 'password'}>
      <TextField.Slot side="right">
        <IconButton
          type="button"
          size="2"
          variant="ghost"
          color="gray"
          aria-label={visible ? t.account.hidePassword : t.account.showPassword}
          aria-pressed={visible}
          onClick={() => setVisible(!visible)}
        >
          {visible ? <EyeOpenIcon /> : <EyeClosedIcon />}
        </IconButton>
      </TextField.Slot>
    </Field>
  )
}

/* no longest one: it would cut off what is pasted, unseen; the server says */
export function NewPasswordField(props: Props) {
  return <PasswordField hint={t.account.passwordHint} autoComplete="new-password" minLength={8} required {...props} />
}
